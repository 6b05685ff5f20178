// Attaches policies to users, groups and roles. The principal's record lists its policies; an attachment record leads from the policy back to
// the principal.
import { refuse } from '../api/errors.ts'
import type { Reply } from '../api/operation.ts'
import { isoSeconds } from '../api/time.ts'
import { childrenOf } from '../ledger/many.ts'
import { type Change, insert, type Recorded, remove, update } from '../ledger/record.ts'
import { attachedPolicy, type FoundPolicy, findPolicy } from './find.ts'
import type { RamContext } from './operation.ts'
import { ATTACHMENT, type Attached, type PolicyType, type PrincipalType, ramScope } from './records.ts'

type Principal = Recorded<{ readonly policies: readonly Attached[] }>

interface Wanted {
  readonly PolicyType: PolicyType
  readonly PolicyName: string
  readonly ResourceGroupId: string | null
}

async function wantedPolicy(wanted: Wanted, context: RamContext): Promise<FoundPolicy> {
  const { ResourceGroupId } = wanted
  if (ResourceGroupId !== null && ResourceGroupId !== context.caller.accountId)
    throw refuse('EntityNotExists.ResourceGroup')
  return findPolicy(wanted.PolicyType, wanted.PolicyName, context)
}

function counted({ record }: FoundPolicy, by: 1 | -1): Change[] {
  if (!record) return []
  return [update(record, { body: { ...record.body, attachments: record.body.attachments + by } })]
}

/** Refuses with EntityNotExist.Policy, EntityAlreadyExists.<Type>.Policy or LimitExceeded.<Type>.Policy. */
export async function attach(
  type: PrincipalType,
  principal: Principal,
  wanted: Wanted,
  context: RamContext,
): Promise<Change[]> {
  const policy = await wantedPolicy(wanted, context)
  const { policies } = principal.body
  if (policies.some((attached) => attached.policy === policy.key)) throw refuse(`EntityAlreadyExists.${type}.Policy`)
  const ofType = policies.filter((attached) => attached.policy.startsWith(`${policy.type}/`)).length
  if (ofType >= limit(type, policy.type, context)) throw refuse(`LimitExceeded.${type}.Policy`)
  const attached = { policy: policy.key, attachedAt: context.now }
  const { id } = principal
  return [
    update(principal, { body: { ...principal.body, policies: [...policies, attached] } }),
    ...counted(policy, 1),
    insert(ATTACHMENT, {
      ...ramScope(context.caller.accountId),
      id: attachmentId(policy.key, type, id),
      parent: policy.key,
      createdAt: context.now,
      body: { type, id, attachedAt: context.now },
    }),
  ]
}

function limit(type: PrincipalType, policyType: PolicyType, { quotas }: RamContext): number {
  if (policyType === 'System') return quotas['max-system-policies-attached']
  return quotas[`max-custom-policies-per-${type.toLowerCase() as Lowercase<PrincipalType>}`]
}

/** Refuses with EntityNotExist.Policy or EntityNotExist.<Type>.Policy. */
export async function detach(
  type: PrincipalType,
  principal: Principal,
  wanted: Wanted,
  context: RamContext,
): Promise<Change[]> {
  const policy = await wantedPolicy(wanted, context)
  const scope = ramScope(context.caller.accountId)
  const attachment = await context.ledger.get(ATTACHMENT, scope, attachmentId(policy.key, type, principal.id))
  const policies = principal.body.policies.filter((attached) => attached.policy !== policy.key)
  if (!attachment || policies.length === principal.body.policies.length) throw refuse(`EntityNotExist.${type}.Policy`)
  return [
    update(principal, { body: { ...principal.body, policies } }),
    ...counted(policy, -1),
    remove(ATTACHMENT, attachment),
  ]
}

function attachmentId(key: string, type: PrincipalType, id: string): string {
  return `${key}/${type}/${id}`
}

/** The principals to which a policy is attached, the oldest attachment first. */
export async function attachmentsOf(key: string, { ledger, caller }: Pick<RamContext, 'ledger' | 'caller'>) {
  const records = await childrenOf(ATTACHMENT, ramScope(caller.accountId), key, ledger)
  return records.map(({ body }) => body)
}

/** How many principals a policy is attached to. */
export async function attachmentCount(policy: FoundPolicy, { ledger, caller }: RamContext): Promise<number> {
  return policy.record?.body.attachments ?? ledger.count(ATTACHMENT, ramScope(caller.accountId), policy.key)
}

/** The policies of a principal, as ListPoliciesFor… returns them. */
export async function attachedAnswer(principal: Principal, context: RamContext): Promise<Reply> {
  const found = await Promise.all(
    principal.body.policies.map(async ({ policy: key, attachedAt }) => {
      const policy = await attachedPolicy(key, context)
      if (!policy) return []
      const { policyName, type, description, defaultVersion } = policy
      return [
        {
          PolicyName: policyName,
          PolicyType: type,
          Description: description,
          DefaultVersion: defaultVersion,
          AttachDate: isoSeconds(attachedAt),
        },
      ]
    }),
  )
  return { Policies: { Policy: found.flat() } }
}
