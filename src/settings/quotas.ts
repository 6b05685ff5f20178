// The quotas file: limits of single accounts, and of all others (`default`), beyond what flags say.
import { products } from '../gateway/products.ts'
import { QUOTA_PROFILES, type QuotaProfile } from '../gateway/quota-profiles.ts'
import { type RateGroup, type Rates, ratesOf } from '../gateway/rate-limit.ts'
import { UsageError } from './usage-error.ts'

/** What an account may have and do. */
export interface AccountLimits {
  readonly maxKeys: number
  readonly maxAliases: number
  readonly rates: Rates
}

/** Limits as they are put together: the groups of a list are asked in order. */
interface Limits extends Omit<AccountLimits, 'rates'> {
  readonly groups: readonly RateGroup[]
}

type Json = Readonly<Record<string, unknown>>

/** The profile of this name. Throws UsageError. */
export function quotaProfile(name: string): QuotaProfile {
  const profile = QUOTA_PROFILES.get(name)
  if (!profile) throw new UsageError(`\`quota-profile\` must be one of ${[...QUOTA_PROFILES.keys()].join(', ')}`)
  return profile
}

/** Limits of all accounts, and of those that have others. */
interface AllLimits extends AccountLimits {
  readonly accounts: ReadonlyMap<string, AccountLimits>
}

/**
 * The limits of a quotas file, or, without one, `base` for all. The file is an object whose members are `default` and account ids
 * (16 digits), each with any of `quota-profile`, `max-keys`, `max-aliases` and `rates`. What an account leaves out it takes from
 * `default`, and that from `base`. Throws UsageError.
 */
export function readLimits(path: string | null, base: Limits, readFile: (path: string) => string): AllLimits {
  if (path === null) return { ...done(base), accounts: new Map() }
  const { default: given = {}, ...own } = object(parsed(readFile(path), path), path)
  const rest = limitsOf(object(given, `default\` in \`${path}`), base, path)
  const accounts = Object.entries(own).map(([account, limits]) => {
    if (!/^\d{16}$/.test(account))
      throw new UsageError(`\`${account}\` in \`${path}\` is neither an account id (16 digits) nor \`default\``)
    return [account, done(limitsOf(object(limits, `${account}\` in \`${path}`), rest, path))] as const
  })
  return { ...done(rest), accounts: new Map(accounts) }
}

function done({ groups, ...limits }: Limits): AccountLimits {
  return { ...limits, rates: ratesOf(groups) }
}

const MEMBERS = ['quota-profile', 'max-keys', 'max-aliases', 'rates']

function limitsOf(given: Json, base: Limits, path: string): Limits {
  demandKnown(given, MEMBERS, path)
  const profile = given['quota-profile'] === undefined ? null : quotaProfile(String(given['quota-profile']))
  const rates = given['rates'] ?? []
  if (!Array.isArray(rates)) throw new UsageError(`\`rates\` in \`${path}\` must be a JSON array`)
  return {
    maxKeys: whole('max-keys', given['max-keys'] ?? profile?.quotas['max-keys'] ?? base.maxKeys, path),
    maxAliases: whole('max-aliases', given['max-aliases'] ?? profile?.quotas['max-aliases'] ?? base.maxAliases, path),
    groups: [
      ...rates.map((one: unknown) => groupOf(object(one, `rates\` in \`${path}`), path)),
      ...(profile?.rates ?? base.groups),
    ],
  }
}

function groupOf(given: Json, path: string): RateGroup {
  demandKnown(given, ['product', 'operations', 'calls', 'seconds'], path)
  const found = products.find(({ product }) => product.name === given['product'])
  if (!found) {
    const names = products.map(({ product }) => product.name).join(', ')
    throw new UsageError(`\`product\` in \`${path}\` must be one of ${names}`)
  }
  const { product } = found
  const { operations } = given
  if (!Array.isArray(operations) || operations.length === 0)
    throw new UsageError(`\`operations\` in \`${path}\` must be a JSON array of names`)
  const unknown = operations.find((name) => !found.operations.has(String(name)))
  if (unknown !== undefined) throw new UsageError(`${product.name} has no operation \`${unknown}\` (in \`${path}\`)`)
  return {
    product: product.name,
    operations: operations.map(String),
    calls: whole('calls', given['calls'], path),
    seconds: whole('seconds', given['seconds'] ?? 1, path),
    perRegion: product.hasRegionalRates,
  }
}

function demandKnown(given: Json, known: readonly string[], path: string): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new UsageError(`unknown member \`${unknown}\` in \`${path}\``)
}

function parsed(content: string, path: string): unknown {
  try {
    return JSON.parse(content)
  } catch (error) {
    throw new UsageError(`the quotas file \`${path}\` can't be read: ${(error as Error).message}`)
  }
}

function object(value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw new UsageError(`\`${what}\` must hold a JSON object`)
}

function whole(name: string, value: unknown, path: string): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1_000_000_000) return value as number
  throw new UsageError(`\`${name}\` in \`${path}\` must be a whole number from 1 to 1000000000`)
}
