// Finds users, groups, roles, policies and OIDC providers by name, ignoring case. resources.ts turns names into the resources of policies.
import type { UserCaller } from '../api/caller.ts'
import type { Code } from '../api/errors/catalogue.ts'
import { refuse } from '../api/errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { OIDC_PROVIDER, type OidcProvider } from './oidc-provider.ts'
import {
  GROUP,
  GROUP_NAME,
  type Group,
  POLICY,
  type Policy,
  type PolicyType,
  type PolicyVersion,
  policyKey,
  ROLE,
  type Role,
  ramScope,
  USER,
  USER_NAME,
  type User,
} from './records.ts'
import { SYSTEM_POLICY_DATE, systemPolicies } from './system-policies.ts'

/** The ledger, and the account whose records are searched. */
export interface Reads {
  readonly ledger: Pick<Ledger, 'get'>
  readonly caller: { readonly accountId: string }
}

function scopeOf({ caller }: Reads) {
  return ramScope(caller.accountId)
}

function found<T>(record: T | null, code: Code & `EntityNotExist.${string}`): T {
  if (record === null) throw refuse(code)
  return record
}

export async function userByName(name: string, context: Reads): Promise<User | null> {
  const named = await context.ledger.get(USER_NAME, scopeOf(context), name.toLowerCase())
  return named && context.ledger.get(USER, scopeOf(context), named.body.id)
}

/** Refuses with EntityNotExist.User. */
export async function findUser(name: string, context: Reads): Promise<User> {
  return found(await userByName(name, context), 'EntityNotExist.User')
}

/**
 * The calling user, by id: since the call was authenticated, its name may have passed to another user. Refuses with EntityNotExist.User.
 */
export async function callingUser({ ledger, caller }: Reads & { readonly caller: UserCaller }): Promise<User> {
  return found(await ledger.get(USER, ramScope(caller.accountId), caller.principalId), 'EntityNotExist.User')
}

export async function groupByName(name: string, context: Reads): Promise<Group | null> {
  const named = await context.ledger.get(GROUP_NAME, scopeOf(context), name.toLowerCase())
  return named && context.ledger.get(GROUP, scopeOf(context), named.body.id)
}

/** Refuses with EntityNotExist.Group. */
export async function findGroup(name: string, context: Reads): Promise<Group> {
  return found(await groupByName(name, context), 'EntityNotExist.Group')
}

export async function roleByName(name: string, context: Reads): Promise<Role | null> {
  return context.ledger.get(ROLE, scopeOf(context), name.toLowerCase())
}

/** Refuses with EntityNotExist.Role. */
export async function findRole(name: string, context: Reads): Promise<Role> {
  return found(await roleByName(name, context), 'EntityNotExist.Role')
}

export async function oidcProviderByName(name: string, context: Reads): Promise<OidcProvider | null> {
  return context.ledger.get(OIDC_PROVIDER, scopeOf(context), name.toLowerCase())
}

/** Refuses with EntityNotExist.OIDCProvider. */
export async function findOidcProvider(name: string, context: Reads): Promise<OidcProvider> {
  return found(await oidcProviderByName(name, context), 'EntityNotExist.OIDCProvider')
}

export async function customPolicy(name: string, context: Reads): Promise<Policy | null> {
  return context.ledger.get(POLICY, scopeOf(context), name.toLowerCase())
}

/** Refuses with EntityNotExist.Policy. */
export async function findCustomPolicy(name: string, context: Reads): Promise<Policy> {
  return found(await customPolicy(name, context), 'EntityNotExist.Policy')
}

/** A policy of either type, as replies show it. */
export interface FoundPolicy {
  /** See policyKey. */
  readonly key: string
  readonly type: PolicyType
  readonly policyName: string
  readonly description: string
  readonly defaultVersion: string
  readonly versions: readonly PolicyVersion[]
  readonly createdAt: number
  readonly updatedAt: number
  readonly tags: readonly (readonly [string, string])[]
  /** null: a system policy, which has no record. */
  readonly record: Policy | null
}

export function foundPolicy(record: Policy): FoundPolicy {
  const { body, createdAt } = record
  return { ...body, key: policyKey('Custom', body.policyName), type: 'Custom', createdAt, record }
}

async function policyByName(type: PolicyType, name: string, context: Reads): Promise<FoundPolicy | null> {
  if (type === 'System') return systemPolicy(name)
  const record = await customPolicy(name, context)
  return record && foundPolicy(record)
}

export function systemPolicy(name: string): FoundPolicy | null {
  const system = systemPolicies.get(name.toLowerCase())
  if (!system) return null
  const { document, defaultVersion, policyName, description } = system
  return {
    key: policyKey('System', name),
    type: 'System',
    policyName,
    description,
    defaultVersion,
    versions: [{ versionId: defaultVersion, document, createdAt: SYSTEM_POLICY_DATE }],
    createdAt: SYSTEM_POLICY_DATE,
    updatedAt: SYSTEM_POLICY_DATE,
    tags: [],
    record: null,
  }
}

/** Refuses with EntityNotExist.Policy. */
export async function findPolicy(type: PolicyType, name: string, context: Reads): Promise<FoundPolicy> {
  return found(await policyByName(type, name, context), 'EntityNotExist.Policy')
}

/** The policy that an attachment names, or null when it was deleted. */
export async function attachedPolicy(key: string, context: Reads): Promise<FoundPolicy | null> {
  const [type, name = ''] = key.split('/')
  return policyByName(type === 'System' ? 'System' : 'Custom', name, context)
}
