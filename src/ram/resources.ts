// What policies are asked about in calls of RAM, and what events show: the resources that names stand for, whether they exist or not.
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
 * The resource that a name stands for. Names are found in any case, so policies are held against the name as it was created: another case evades no Deny.
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
