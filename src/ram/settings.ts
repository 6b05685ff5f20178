// The limits of RAM per account, with the contract's numbers as defaults (contract/ram.md 1.4). The operator may set each.

export const RAM_QUOTAS = {
  'max-users': { fallback: 1000, help: 'users per account' },
  'max-access-keys-per-user': { fallback: 2, help: 'AccessKeys per user' },
  'max-groups': { fallback: 50, help: 'groups per account' },
  'max-groups-per-user': { fallback: 5, help: 'groups that a user may be in' },
  'max-roles': { fallback: 1000, help: 'roles per account' },
  'max-policies': { fallback: 1500, help: 'custom policies per account' },
  'max-policy-versions': { fallback: 5, help: 'versions per custom policy' },
  'max-system-policies-attached': { fallback: 20, help: 'system policies attached to a user, group or role' },
  'max-custom-policies-per-user': { fallback: 10, help: 'custom policies attached to a user' },
  'max-custom-policies-per-group': { fallback: 5, help: 'custom policies attached to a group' },
  'max-custom-policies-per-role': { fallback: 5, help: 'custom policies attached to a role' },
} as const

export type RamQuota = keyof typeof RAM_QUOTAS
export type RamQuotas = Readonly<Record<RamQuota, number>>
