// Conditions (docs/reference/policy-language.md, "Conditions"): the meaning of each operator for one value and for several values in the policy,
// for a key that the request lacks, and for a value that the operator can't parse. A value that can't be parsed never widens access.
import { addressRange } from './addresses.ts'
import { compileWildcard } from './wildcard.ts'

/** A request's values by condition key; undefined where the request lacks the key. */
export interface ConditionValues {
  /** A key that has several values has a list. */
  get(key: string): string | readonly string[] | undefined
}

/** One key under one operator; `values` are alternatives. */
export interface Condition {
  readonly operator: Operator
  /** As conditionKey writes it. */
  readonly key: string
  readonly values: readonly string[]
  /** Set in a policy of an earlier release where no request can ever have the key: see compileStatement. */
  readonly impossible?: true
}

/** Tests a request's value; null when the operator can't parse it. */
type Test = (given: string) => boolean | null

/** Returns the test for a policy's value; null when the value does not have the operator's form. */
type Reader = (value: string) => Test | null

function texts(fold: (text: string) => string): Reader {
  return (value) => {
    const folded = fold(value)
    return (given) => fold(given) === folded
  }
}

/** Remembers the last result of `parse`: a request's value is compared with many values in a row. */
function remembering(parse: (text: string) => bigint | null): (text: string) => bigint | null {
  let last: { readonly text: string; readonly parsed: bigint | null } = { text: '', parsed: parse('') }
  return (text) => {
    if (last.text !== text) last = { text, parsed: parse(text) }
    return last.parsed
  }
}

function compared(parse: (text: string) => bigint | null, holds: (order: bigint) => boolean): Reader {
  return (value) => {
    const wanted = parse(value)
    if (wanted === null) return null
    return (given) => {
      const has = parse(given)
      return has === null ? null : holds(has - wanted)
    }
  }
}

const MAX_DIGITS = 64

/** The exact value of a decimal number, in units of 10^-MAX_DIGITS. */
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
  // Date.parse turns February 30 into a day in March. Refuse such dates.
  const rolled = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day))
  return rolled.getUTCDate() === day ? BigInt(Math.floor(ms / 1000)) : null
}

function truthOf(text: string): boolean | null {
  const lower = text.toLowerCase()
  return lower === 'true' ? true : lower === 'false' ? false : null
}

function truth(value: string): Test | null {
  const wanted = truthOf(value)
  if (wanted === null) return null
  return (given) => {
    const has = truthOf(given)
    return has === null ? null : has === wanted
  }
}

const exactly = texts((text) => text)
const inAnyCase = texts((text) => text.toLowerCase())
const number = remembering(decimal)
const time = remembering(instant)
const numbers = (holds: (order: bigint) => boolean) => compared(number, holds)
const times = (holds: (order: bigint) => boolean) => compared(time, holds)

const equal = (order: bigint) => order === 0n
const less = (order: bigint) => order < 0n
const lessOrEqual = (order: bigint) => order <= 0n
const greater = (order: bigint) => order > 0n
const greaterOrEqual = (order: bigint) => order >= 0n

/** An operator. `form` describes the values that it takes. */
interface Row {
  readonly read: Reader
  readonly form: string
  /** Whether the condition is true where none of its values matches. */
  readonly negated: boolean
}

const is = (form: string, read: Reader): Row => ({ read, form, negated: false })
const isNot = (form: string, read: Reader): Row => ({ read, form, negated: true })

const TEXT = 'a text'
const NUMBER = 'a decimal number such as 10 or -2.5'
const TIME = 'a time with its zone, such as 2026-01-31T08:00:00Z or 2026-01-31T16:00:00+08:00'
const TRUTH = 'true or false'
const ADDRESS = 'an address such as 192.0.2.7 or a block such as 192.0.2.0/24'

const OPERATORS = {
  StringEquals: is(TEXT, exactly),
  StringNotEquals: isNot(TEXT, exactly),
  StringEqualsIgnoreCase: is(TEXT, inAnyCase),
  StringNotEqualsIgnoreCase: isNot(TEXT, inAnyCase),
  StringLike: is(TEXT, compileWildcard),
  StringNotLike: isNot(TEXT, compileWildcard),
  NumericEquals: is(NUMBER, numbers(equal)),
  NumericNotEquals: isNot(NUMBER, numbers(equal)),
  NumericLessThan: is(NUMBER, numbers(less)),
  NumericLessThanEquals: is(NUMBER, numbers(lessOrEqual)),
  NumericGreaterThan: is(NUMBER, numbers(greater)),
  NumericGreaterThanEquals: is(NUMBER, numbers(greaterOrEqual)),
  DateEquals: is(TIME, times(equal)),
  DateNotEquals: isNot(TIME, times(equal)),
  DateLessThan: is(TIME, times(less)),
  DateLessThanEquals: is(TIME, times(lessOrEqual)),
  DateGreaterThan: is(TIME, times(greater)),
  DateGreaterThanEquals: is(TIME, times(greaterOrEqual)),
  Bool: is(TRUTH, truth),
  IpAddress: is(ADDRESS, addressRange),
  NotIpAddress: isNot(ADDRESS, addressRange),
} as const satisfies Record<string, Row>

export type Operator = keyof typeof OPERATORS

export function isOperator(name: string): name is Operator {
  return Object.hasOwn(OPERATORS, name)
}

/** Whether a policy's value has the form that its operator takes. */
export function fits(operator: Operator, value: string): boolean {
  return OPERATORS[operator].read(value) !== null
}

/** The form of values that the operator takes, in words. */
export function fitting(operator: Operator): string {
  return OPERATORS[operator].form
}

/**
 * Returns the test of a request. One of the condition's values must match one of the request's values; with a negated operator, none may match.
 * Where the request lacks the key, a negated operator is true and any other is false. Where the operator can't parse the request's value, such
 * as a tag that is not a number, the test is true in a Deny and false in an Allow.
 */
export function compileCondition(
  { operator, key, values }: Condition,
  effect: 'Allow' | 'Deny',
): (request: ConditionValues) => boolean {
  const { read, negated } = OPERATORS[operator]
  const alternatives = [...new Set(values)].flatMap((value) => read(value) ?? [])
  /** Whether the condition holds for one value; null when the operator can't parse it. */
  const holds = (given: string): boolean | null => {
    for (const test of alternatives) {
      const matches = test(given)
      if (matches === null) return null
      if (matches) return !negated
    }
    return negated
  }
  return (request) => {
    const given = request.get(key)
    if (given === undefined) return negated
    if (typeof given === 'string') return holds(given) ?? effect === 'Deny'
    const each = given.map(holds)
    if (each.includes(null)) return effect === 'Deny'
    // A single match decides: it makes the condition true, or false with a negated operator.
    return each.includes(!negated) ? !negated : negated
  }
}
