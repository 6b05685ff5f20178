// The resources of calls of RAM, for policies and events. A name has a resource even where nothing has that name.
import type { Resource, Tags } from '../api/operation.ts'
import {
  customPolicy,
  groupByName,
  oidcProviderByName,
  type Reads,
  roleByName,
  systemPolicy,
  userByName,
} from './find.ts'
import type { PolicyType } from './records.ts'

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
 * Returns the resource of a name. Names are found regardless of case, so policies are evaluated on the name as it was created: a different
 * spelling does not evade a Deny.
 */
export async function ramResource(named: Named, name: string, context: Reads): Promise<Resource> {
  const { name: own = name, tags } = await ownOf(named, name, context)
  const arn = ramArn(context.caller.accountId, `${named}/${own}`)
  return { type: TYPES[named], name: own, arn, ...(tags && { tags }) }
}

/**
 * The resources of a renaming, under the old and the new name. Both are authorized, because policies grant access by name.
 */
export async function renamedResources(
  named: 'user' | 'group',
  name: string,
  newName: string | null,
  context: Reads,
): Promise<Resource[]> {
  const from = await ramResource(named, name, context)
  if (newName === null || newName === from.name) return [from]
  // The same name in another case counts as a new name, too.
  const spelled = newName.toLowerCase() === name.toLowerCase() ? null : (await ownOf(named, newName, context)).name
  const to = spelled ?? newName
  return [from, { type: TYPES[named], name: to, arn: ramArn(context.caller.accountId, `${named}/${to}`) }]
}

/** The spelling and the tags of the user, group, role, policy or provider with this name, ignoring case. */
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

/** Locates the resource of lists and creations: `user/*` and the like, or the whole account with null. */
export function locateContainer(named: Named | null) {
  return (_: unknown, { caller }: Reads): readonly Resource[] => [
    { type: '', name: '', arn: ramArn(caller.accountId, named === null ? '*' : `${named}/*`) },
  ]
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

/** Locates a policy. Without the parameter PolicyType it is a custom policy. */
export async function locatePolicy(
  { PolicyName, PolicyType = 'Custom' }: { readonly PolicyName: string; readonly PolicyType?: PolicyType },
  context: Reads,
): Promise<Resource[]> {
  return [await policyResource(PolicyType, PolicyName, context)]
}
