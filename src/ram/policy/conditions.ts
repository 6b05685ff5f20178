// Conditions: what each operator means, for one value and for many, and for a key that the request does not have (contract/ram.md 2.3, 2.4).
import { BlockList, isIP } from 'node:net'
import { compileWildcard } from './wildcard.ts'

/** A request's values by condition key; undefined: the request has no such key. */
export interface ConditionValues {
  get(key: string): string | undefined
}

/** One key under one operator; `values` are alternatives. */
export interface Condition {
  readonly operator: Operator
  /** As conditionKey writes it. */
  readonly key: string
  readonly values: readonly string[]
}

/** How a policy's value is read: a test of request values, or null when it does not fit its operator. */
type Reader = (value: string) => ((given: string) => boolean) | null

function texts(fold: (text: string) => string): Reader {
  return (value) => {
    const folded = fold(value)
    return (given) => fold(given) === folded
  }
}

function compared(parse: (text: string) => bigint | null, holds: (order: bigint) => boolean): Reader {
  return (value) => {
    const wanted = parse(value)
    if (wanted === null) return null
    return (given) => {
      const has = parse(given)
      return has !== null && holds(has - wanted)
    }
  }
}

const MAX_DIGITS = 64

/** The exact value of a decimal number, in units of its last possible digit. */
function decimal(text: string): bigint | null {
  const [, sign, whole, fraction = ''] = /^(-?)(\d{1,64})(?:\.(\d{1,64}))?$/.exec(text) ?? []
  if (whole === undefined) return null
  const units = BigInt(whole + fraction.padEnd(MAX_DIGITS, '0'))
  return sign === '-' ? -units : units
}

/** Whole seconds since 1970 of an ISO 8601 time with its zone. */
function instant(text: string): bigint | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/.exec(text)
  if (!match) return null
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) return null
  const [, year, month, day] = match.map(Number)
  // Date.parse rolls February 30 over into March; there is no such day.
  const rolled = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day))
  return rolled.getUTCDate() === day ? BigInt(Math.floor(ms / 1000)) : null
}

function truth(value: string): ((given: string) => boolean) | null {
  const wanted = value.toLowerCase()
  return wanted === 'true' || wanted === 'false' ? (given) => given.toLowerCase() === wanted : null
}

function plainAddress(text: string): string {
  return text.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}

/** An address or a block of addresses in CIDR form. */
function addresses(value: string): ((given: string) => boolean) | null {
  const [text = '', bits, more] = value.split('/')
  const address = plainAddress(text)
  const family = isIP(address)
  const widest = family === 4 ? 32 : 128
  if (family === 0 || more !== undefined || address.includes('%')) return null
  if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > widest)) return null
  const list = new BlockList()
  list.addSubnet(address, bits === undefined ? widest : Number(bits), family === 4 ? 'ipv4' : 'ipv6')
  return (given) => {
    const plain = plainAddress(given)
    return isIP(plain) === family && list.check(plain, family === 4 ? 'ipv4' : 'ipv6')
  }
}

const less = (order: bigint) => order < 0n
const lessOrEqual = (order: bigint) => order <= 0n
const greater = (order: bigint) => order > 0n
const greaterOrEqual = (order: bigint) => order >= 0n
const equal = (order: bigint) => order === 0n
const same = texts((text) => text)
const sameIgnoringCase = texts((text) => text.toLowerCase())

/** Each operator: how its values are read, and whether it is the negation of that. */
const OPERATORS = {
  StringEquals: [same, false],
  StringNotEquals: [same, true],
  StringEqualsIgnoreCase: [sameIgnoringCase, false],
  StringNotEqualsIgnoreCase: [sameIgnoringCase, true],
  StringLike: [compileWildcard, false],
  StringNotLike: [compileWildcard, true],
  NumericEquals: [compared(decimal, equal), false],
  NumericNotEquals: [compared(decimal, equal), true],
  NumericLessThan: [compared(decimal, less), false],
  NumericLessThanEquals: [compared(decimal, lessOrEqual), false],
  NumericGreaterThan: [compared(decimal, greater), false],
  NumericGreaterThanEquals: [compared(decimal, greaterOrEqual), false],
  DateEquals: [compared(instant, equal), false],
  DateNotEquals: [compared(instant, equal), true],
  DateLessThan: [compared(instant, less), false],
  DateLessThanEquals: [compared(instant, lessOrEqual), false],
  DateGreaterThan: [compared(instant, greater), false],
  DateGreaterThanEquals: [compared(instant, greaterOrEqual), false],
  Bool: [truth, false],
  IpAddress: [addresses, false],
  NotIpAddress: [addresses, true],
} as const satisfies Record<string, readonly [Reader, boolean]>

export type Operator = keyof typeof OPERATORS

export function isOperator(name: string): name is Operator {
  return Object.hasOwn(OPERATORS, name)
}

/** Whether a policy's value has the form that its operator wants. */
export function fits(operator: Operator, value: string): boolean {
  return OPERATORS[operator][0](value) !== null
}

/** The test of a request: one alternative that holds suffices; negated, none may hold; a missing key makes the positive form false. */
export function compileCondition({ operator, key, values }: Condition): (request: ConditionValues) => boolean {
  const [read, negated] = OPERATORS[operator]
  const alternatives = values.flatMap((value) => read(value) ?? [])
  return (request) => {
    const given = request.get(key)
    const holds = given !== undefined && alternatives.some((holdsFor) => holdsFor(given))
    return holds !== negated
  }
}
