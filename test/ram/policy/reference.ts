// The policy language once more, as plainly as it can be written: no compiling, no index, straight over the document.
import { isIP } from 'node:net'

/** By the definition: a table of which prefix of the pattern matches which prefix of the value. */
export function matchesPattern(pattern: string, value: string): boolean {
  const [p, v] = [[...pattern], [...value]]
  let row = [true, ...v.map(() => false)]
  for (const one of p) {
    const next = [one === '*' && row[0] === true]
    for (let i = 1; i <= v.length; i++)
      next.push(
        one === '*'
          ? next[i - 1] === true || row[i] === true
          : row[i - 1] === true && (one === '?' || one === v[i - 1]),
      )
    row = next
  }
  return row.at(-1) === true
}

type Values = Readonly<Record<string, string>>
export interface Request {
  readonly action: string
  readonly resource: string
  readonly values: Values
}
type RawStatement = {
  Effect: string
  Action?: string | string[]
  NotAction?: string | string[]
  Resource: string | string[]
  Condition?: Record<string, Record<string, string | string[]>>
}
export interface RawPolicy {
  Version: '1'
  Statement: RawStatement[]
}

const list = (value: string | string[]) => (Array.isArray(value) ? value : [value])

function address(text: string): { family: number; bits: string } | null {
  const family = isIP(text)
  if (family !== 4) return null
  return {
    family,
    bits: text
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join(''),
  }
}

/** null for a value that the operator can't read. */
function oneHolds(operator: string, given: string, wanted: string): boolean | null {
  const plain = operator.replace(/Not(?=Equals|Like)/, '').replace(/^NotIp/, 'Ip')
  if (plain === 'StringEquals') return given === wanted
  if (plain === 'StringEqualsIgnoreCase') return given.toLowerCase() === wanted.toLowerCase()
  if (plain === 'StringLike') return matchesPattern(wanted, given)
  if (plain === 'Bool') return /^(true|false)$/i.test(given) ? given.toLowerCase() === wanted.toLowerCase() : null
  if (plain === 'IpAddress') {
    const [block = '', size = '32'] = wanted.split('/')
    const [a, b] = [address(given), address(block)]
    if (isIP(given) === 0) return null
    return a !== null && b !== null && a.bits.slice(0, Number(size)) === b.bits.slice(0, Number(size))
  }
  const number = plain.startsWith('Date')
    ? (text: string) => (/^\d{4}-.*(Z|[+-]\d\d:\d\d)$/.test(text) ? Math.floor(Date.parse(text) / 1000) : Number.NaN)
    : (text: string) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN)
  const [x, y] = [number(given), number(wanted)]
  if (Number.isNaN(x)) return null
  if (plain.endsWith('LessThan')) return x < y
  if (plain.endsWith('LessThanEquals')) return x <= y
  if (plain.endsWith('GreaterThan')) return x > y
  if (plain.endsWith('GreaterThanEquals')) return x >= y
  return x === y
}

function statementApplies(statement: RawStatement, request: Request): boolean {
  const anyAction = (patterns: string | string[]) =>
    list(patterns).some((pattern) => matchesPattern(pattern.toLowerCase(), request.action.toLowerCase()))
  if (statement.Action !== undefined && !anyAction(statement.Action)) return false
  if (statement.NotAction !== undefined && anyAction(statement.NotAction)) return false
  if (!list(statement.Resource).some((pattern) => matchesPattern(pattern, request.resource))) return false
  for (const [operator, keys] of Object.entries(statement.Condition ?? {}))
    for (const [key, wanted] of Object.entries(keys)) {
      const given = request.values[key]
      const each = given === undefined ? [] : list(wanted).map((one) => oneHolds(operator, given, one))
      if (each.includes(null)) {
        if (statement.Effect === 'Allow') return false
        continue
      }
      const some = each.includes(true)
      if (operator.includes('Not') ? some : !some) return false
    }
  return true
}

export function decideByDefinition(policies: readonly RawPolicy[], request: Request) {
  const applying = policies.flatMap(({ Statement }) => Statement).filter((one) => statementApplies(one, request))
  if (applying.some(({ Effect }) => Effect === 'Deny')) return 'ExplicitDeny'
  return applying.length > 0 ? 'Allow' : 'ImplicitDeny'
}
