// Settings of the quotas and rates of accounts: the same for all accounts or, in the quotas file, for single ones.
import { QUOTA_PROFILES, type QuotaProfile } from './quota-profiles.ts'
import { readQuotasFile } from './quotas-file.ts'
import { type AccountLimits, type Limits, type RateGroup, ratesOf } from './rates.ts'
import { oneOf, type Rows, reading, type Setting, type Told, text, whole } from './row.ts'
import type { ReadFile } from './sources.ts'

const MOST = 1_000_000_000

function quota<const F extends string>(fallback: F, of: string) {
  return { reader: whole(1, MOST), fallback, help: `quota of ${of}` } as const satisfies Setting
}

/** The quotas of RAM. The defaults are the cloud's published quotas. */
const RAM_QUOTAS = {
  'max-users': quota('1000', 'users per account'),
  'max-access-keys-per-user': quota('2', 'AccessKeys per user'),
  'max-groups': quota('50', 'groups per account'),
  'max-groups-per-user': quota('5', 'groups that a user may be in'),
  'max-roles': quota('1000', 'roles per account'),
  'max-mfa-devices': quota('1000', 'virtual MFA devices per account'),
  'max-oidc-providers': quota('100', 'OIDC providers per account'),
  'max-client-ids-per-oidc-provider': quota('50', 'client IDs per OIDC provider'),
  'max-fingerprints-per-oidc-provider': quota('5', 'fingerprints per OIDC provider'),
  'max-policies': quota('1500', 'custom policies per account'),
  'max-policy-versions': quota('5', 'versions per custom policy'),
  'max-system-policies-attached': quota('20', 'system policies attached to a user, group or role'),
  'max-custom-policies-per-user': quota('10', 'custom policies attached to a user'),
  'max-custom-policies-per-group': quota('5', 'custom policies attached to a group'),
  'max-custom-policies-per-role': quota('5', 'custom policies attached to a role'),
} as const satisfies Rows

type RamQuota = keyof typeof RAM_QUOTAS
export type RamQuotas = Readonly<Record<RamQuota, number>>

export const QUOTAS = {
  'max-keys': quota('100000000', 'CMKs per account and region (the cloud: 200)'),
  'max-aliases': quota('100000000', 'aliases per account and region (the cloud: 300)'),
  'max-secrets': quota('100000000', 'secrets per account and region'),
  'max-pending-window-days': {
    reader: whole(30, 366, 'DAYS'),
    fallback: '30',
    help: 'maximum waiting period of ScheduleKeyDeletion',
  },
  ...RAM_QUOTAS,
  'quota-profile': {
    reader: oneOf([...QUOTA_PROFILES.keys()]),
    help: 'limits of keys, aliases and calls per second that the cloud publishes; more specific settings take precedence',
  },
  'quotas-file': { reader: text('FILE'), help: 'a JSON file with limits of single accounts' },
} as const satisfies Rows

export interface Quotas extends AccountLimits {
  /** The accounts with limits of their own. */
  readonly accounts: ReadonlyMap<string, AccountLimits>
  readonly quotasFile: string | null
  /** The rate groups in the quotas file. */
  readonly ownRates: readonly RateGroup[]
  readonly maxPendingWindowDays: number
  readonly quotas: RamQuotas
}

/** Throws UsageError. */
export function quotasOf(told: Told, readFile: ReadFile): Quotas {
  const name = reading(QUOTAS, told)('quota-profile')
  const profile: QuotaProfile | undefined = name === null ? undefined : QUOTA_PROFILES.get(name)
  const profiled: Readonly<Record<string, number>> = profile?.quotas ?? {}
  const get = reading(QUOTAS, (setting) => told(setting) ?? profiled[setting]?.toString())
  const base = {
    maxKeys: get('max-keys'),
    maxAliases: get('max-aliases'),
    maxSecrets: get('max-secrets'),
    groups: profile?.rates ?? [],
  }
  const file = get('quotas-file')
  const { rest, own, ownRates } = file === null ? NO_FILE(base) : readQuotasFile(file, base, readFile)
  const names = Object.keys(RAM_QUOTAS) as RamQuota[]
  return {
    ...indexed(rest),
    accounts: new Map(own.map(([account, limits]) => [account, indexed(limits)])),
    quotasFile: file,
    ownRates,
    maxPendingWindowDays: get('max-pending-window-days'),
    quotas: Object.fromEntries(names.map((quota) => [quota, get(quota)])) as Record<RamQuota, number>,
  }
}

const NO_FILE = (rest: Limits) => ({ rest, own: [], ownRates: [] })

function indexed({ groups, ...limits }: Limits): AccountLimits {
  return { ...limits, rates: ratesOf(groups) }
}
