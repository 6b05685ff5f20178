// Finding users, groups, roles and policies by name, in any case; and their resources, for policies and events.
import type { UserCaller } from '../api/caller.ts'
import type { Code } from '../api/errors/catalogue.ts'
import { refuse } from '../api/errors.ts'
import type { Resource, Tags } from '../api/operation.ts'
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

/** What finding needs: the ledger, and whose records to look in. */
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

/** The calling user, by its id: its name may have passed to somebody else since the call was authenticated. Refuses with EntityNotExist.User. */
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

export async function policyByName(type: PolicyType, name: string, context: Reads): Promise<FoundPolicy | null> {
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

type Named = 'user' | 'group' | 'role' | 'policy' | 'oidc-provider'

const TYPES: Readonly<Record<Named, string>> = {
  user: 'ACS::RAM::User',
  group: 'ACS::RAM::Group',
  role: 'ACS::RAM::Role',
  policy: 'ACS::RAM::Policy',
  'oidc-provider': 'ACS::RAM::OIDCProvider',
}

function ramArn(account: string, resource: string): string {
  return `acs:ram:*:${account}:${resource}`
}

/**
 * The resource that a name stands for, whether it exists or not.
 * Names are found in any case, so policies are held against the name as it was created: another case evades no Deny.
 */
export async function ramResource(named: Named, name: string, context: Reads): Promise<Resource> {
  const { name: own = name, tags } = await ownOf(named, name, context)
  const arn = ramArn(context.caller.accountId, `${named}/${own}`)
  return { type: TYPES[named], name: own, arn, ...(tags && { tags }) }
}

/**
 * The resources of a renaming: what is renamed, and what it becomes. Both are authorized: a name is what policies grant on.
 */
export async function renamedResources(
  named: 'user' | 'group',
  name: string,
  newName: string | null,
  context: Reads,
): Promise<Resource[]> {
  const from = await ramResource(named, name, context)
  if (newName === null || newName === from.name) return [from]
  // Its own name in another case is a new name too.
  const spelled = newName.toLowerCase() === name.toLowerCase() ? null : (await ownOf(named, newName, context)).name
  const to = spelled ?? newName
  return [from, { type: TYPES[named], name: to, arn: ramArn(context.caller.accountId, `${named}/${to}`) }]
}

/** What has the name in any case: its own spelling, and its tags where it can have some. */
async function ownOf(
  named: Named,
  name: string,
  context: Reads,
): Promise<{ readonly name: string | undefined; readonly tags?: Tags | undefined }> {
  switch (named) {
    case 'user':
      return { name: (await userByName(name, context))?.body.userName }
    case 'group':
      return { name: (await groupByName(name, context))?.body.groupName }
    case 'role': {
      const role = await roleByName(name, context)
      return { name: role?.body.roleName, tags: role?.body.tags }
    }
    case 'policy': {
      const policy = await customPolicy(name, context)
      return { name: policy?.body.policyName, tags: policy?.body.tags }
    }
    case 'oidc-provider':
      return { name: (await oidcProviderByName(name, context))?.body.providerName }
  }
}

/** What lists and creations are about: `user/*` and the like, or the whole account. */
export function containerOf(named: Named | null, { caller }: Reads): Resource {
  return { type: '', name: '', arn: ramArn(caller.accountId, named === null ? '*' : `${named}/*`) }
}

export async function policyResource(type: PolicyType, name: string, context: Reads): Promise<Resource> {
  if (type === 'Custom') return ramResource('policy', name, context)
  const own = systemPolicy(name)?.policyName ?? name
  return { type: TYPES.policy, name: own, arn: ramArn('system', `policy/${own}`) }
}

export async function locateUser({ UserName }: { readonly UserName: string }, context: Reads): Promise<Resource[]> {
  return [await ramResource('user', UserName, context)]
}

export async function locateGroup({ GroupName }: { readonly GroupName: string }, context: Reads): Promise<Resource[]> {
  return [await ramResource('group', GroupName, context)]
}

export async function locateRole({ RoleName }: { readonly RoleName: string }, context: Reads): Promise<Resource[]> {
  return [await ramResource('role', RoleName, context)]
}

export async function locateOidcProvider(
  { OIDCProviderName }: { readonly OIDCProviderName: string },
  context: Reads,
): Promise<Resource[]> {
  return [await ramResource('oidc-provider', OIDCProviderName, context)]
}

/** A policy whose type is a parameter, or a custom one. */
export async function locatePolicy(
  { PolicyName, PolicyType = 'Custom' }: { readonly PolicyName: string; readonly PolicyType?: PolicyType },
  context: Reads,
): Promise<Resource[]> {
  return [await policyResource(PolicyType, PolicyName, context)]
}
