// The quotas file: limits of single accounts, and of all other accounts (`default`).
import { productNamed } from '../api/product.ts'
import { isJsonObject, type JsonObject } from '../runtime/json.ts'
import { QUOTA_PROFILES, type QuotaProfile } from './quota-profiles.ts'
import type { Limits, RateGroup } from './rates.ts'
import { fileOf, type ReadFile } from './sources.ts'
import { UsageError } from './usage-error.ts'

interface InFile {
  /** The limits of accounts that the file does not name. */
  readonly rest: Limits
  readonly own: readonly (readonly [account: string, Limits])[]
  readonly ownRates: readonly RateGroup[]
}

/**
 * Reads the limits in the file: an object whose members are `default` and account ids (16 digits), each with any of `quota-profile`,
 * `max-keys`, `max-aliases`, `max-secrets` and `rates`. An account takes missing members from `default`, and `default` takes them from
 * `base`. The caller must check that products and operations exist. Throws UsageError.
 */
export function readQuotasFile(path: string, base: Limits, readFile: ReadFile): InFile {
  const { default: given = {}, ...accounts } = object(parsed(fileOf('quotas-file', path, readFile), path), path)
  const ownRates: RateGroup[] = []
  const limits = (value: unknown, name: string, from: Limits): Limits => {
    const members = object(value, `${name}\` in \`${path}`)
    demandKnown(members, ['quota-profile', 'max-keys', 'max-aliases', 'max-secrets', 'rates'], path)
    const groups = groupsOf(members['rates'] ?? [], path)
    ownRates.push(...groups)
    return limitsOf(members, groups, from, path)
  }
  const rest = limits(given, 'default', base)
  const own = Object.entries(accounts).map(([account, value]) => {
    if (!/^\d{16}$/.test(account))
      throw new UsageError(`\`${account}\` in \`${path}\` is neither an account id (16 digits) nor \`default\``)
    return [account, limits(value, account, rest)] as const
  })
  return { rest, own, ownRates }
}

function limitsOf(given: JsonObject, groups: readonly RateGroup[], from: Limits, path: string): Limits {
  const profile = given['quota-profile'] === undefined ? null : profileOf(String(given['quota-profile']), path)
  const quota = (name: 'max-keys' | 'max-aliases' | 'max-secrets', otherwise: number) =>
    whole(name, given[name] ?? profile?.quotas[name] ?? otherwise, path)
  return {
    maxKeys: quota('max-keys', from.maxKeys),
    maxAliases: quota('max-aliases', from.maxAliases),
    maxSecrets: quota('max-secrets', from.maxSecrets),
    groups: [...groups, ...(profile?.rates ?? from.groups)],
  }
}

function profileOf(name: string, path: string): QuotaProfile {
  const profile = QUOTA_PROFILES.get(name)
  if (profile) return profile
  throw new UsageError(`\`quota-profile\` in \`${path}\` must be one of ${[...QUOTA_PROFILES.keys()].join(', ')}`)
}

function groupsOf(rates: unknown, path: string): readonly RateGroup[] {
  if (!Array.isArray(rates)) throw new UsageError(`\`rates\` in \`${path}\` must be a JSON array`)
  return rates.map((group: unknown) => groupOf(object(group, `rates\` in \`${path}`), path))
}

function groupOf(given: JsonObject, path: string): RateGroup {
  demandKnown(given, ['product', 'operations', 'calls', 'seconds'], path)
  const { operations } = given
  if (!Array.isArray(operations) || operations.length === 0)
    throw new UsageError(`\`operations\` in \`${path}\` must be a JSON array of names`)
  const product = String(given['product'])
  return {
    product,
    operations: operations.map(String),
    calls: whole('calls', given['calls'], path),
    seconds: whole('seconds', given['seconds'] ?? 1, path),
    perRegion: productNamed(product)?.hasRegionalRates ?? false,
  }
}

function demandKnown(given: JsonObject, known: readonly string[], path: string): void {
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

function object(value: unknown, what: string): JsonObject {
  if (isJsonObject(value)) return value
  throw new UsageError(`\`${what}\` must contain a JSON object`)
}

function whole(name: string, value: unknown, path: string): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1_000_000_000) return value as number
  throw new UsageError(`\`${name}\` in \`${path}\` must be a whole number from 1 to 1000000000`)
}
