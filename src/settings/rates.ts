// The limits of an account: how much it may have, and how often it may call operations.

/** Operations that share a token bucket: `calls` in `seconds`, and as many at once after a pause. */
export interface RateGroup {
  readonly product: string
  readonly operations: readonly string[]
  readonly calls: number
  readonly seconds: number
  /** Whether each region of an account has a bucket of its own. */
  readonly perRegion: boolean
}

/** The group of each operation in a group, by `product.operation`. */
export type Rates = ReadonlyMap<string, RateGroup>

export const NO_RATES: Rates = new Map()

/** The rates of a list of groups. An operation belongs to the first group that names it. */
export function ratesOf(groups: readonly RateGroup[]): Rates {
  const rates = new Map<string, RateGroup>()
  for (const group of groups)
    for (const operation of group.operations) {
      const name = `${group.product}.${operation}`
      if (!rates.has(name)) rates.set(name, group)
    }
  return rates
}

/** What an account may have and do. */
export interface AccountLimits {
  readonly maxKeys: number
  readonly maxAliases: number
  readonly maxSecrets: number
  readonly rates: Rates
}

/** Limits before their rates are indexed. The first group that names an operation counts. */
export interface Limits extends Omit<AccountLimits, 'rates'> {
  readonly groups: readonly RateGroup[]
}
