import { optional } from '../../api/parameters.ts'
import { policyAnswer, tagsAnswer } from '../answers.ts'
import { attachmentCount } from '../attachments.ts'
import { type FoundPolicy, foundPolicy, systemPolicy } from '../find.ts'
import { operation } from '../operation.ts'
import { pageOf, pagingParameters, policyType, tags } from '../parameters.ts'
import { afterName, POLICY, type Policy, ramScope } from '../records.ts'
import { locateContainer } from '../resources.ts'
import { systemPolicies } from '../system-policies.ts'
import { hasTags, takeByName } from '../tagged.ts'

export const ListPolicies = operation({
  name: 'ListPolicies',
  summary: 'Lists the policies by name; with PolicyType, those of one type.',
  parameters: { PolicyType: optional(policyType, null), ...pagingParameters, Tag: tags },
  access: 'Read',
  trail: { show: ['PolicyType', 'Marker', 'MaxItems', 'Tag'], reply: [] },
  refusals: [],
  locate: locateContainer('policy'),
  async decide({ PolicyType, Marker, MaxItems, Tag }, context) {
    const { ledger, caller } = context
    const limit = MaxItems + 1
    const read = (after: string, most: number) =>
      ledger.between(POLICY, ramScope(caller.accountId), afterName(after, most))
    const custom =
      PolicyType === 'System'
        ? []
        : await takeByName<Policy>(read, Marker, limit, ({ body }) => hasTags(body.tags, Tag))
    const system =
      PolicyType === 'Custom' || Tag.length > 0
        ? []
        : [...systemPolicies.keys()].filter((name) => name > Marker).flatMap((name) => systemPolicy(name) ?? [])
    const all = [...custom.map(foundPolicy), ...system].toSorted((a, b) => (lowerName(a) < lowerName(b) ? -1 : 1))
    const { items, rest } = pageOf(all, MaxItems, lowerName)
    const policies = await Promise.all(
      items.map(async (policy) => ({
        ...policyAnswer(policy),
        AttachmentCount: await attachmentCount(policy, context),
        Tags: tagsAnswer(policy.tags),
      })),
    )
    return { reply: { Policies: { Policy: policies }, ...rest }, changes: [] }
  },
})

function lowerName({ policyName }: FoundPolicy): string {
  return policyName.toLowerCase()
}
