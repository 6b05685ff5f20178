import { refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { insert } from '../../ledger/record.ts'
import { policyAnswer } from '../answers.ts'
import { customPolicy, foundPolicy } from '../find.ts'
import { operation } from '../operation.ts'
import { description, newTags, policyDocument, policyName } from '../parameters.ts'
import { checkPolicy } from '../policy-documents.ts'
import { POLICY, type PolicyBody, ramScope } from '../records.ts'
import { locateContainer, ramResource } from '../resources.ts'
import { systemPolicies } from '../system-policies.ts'

export const CreatePolicy = operation({
  name: 'CreatePolicy',
  summary: 'Creates a custom policy with its first version.',
  parameters: {
    PolicyName: policyName,
    PolicyDocument: policyDocument,
    Description: optional(description, ''),
    Tag: newTags,
  },
  access: 'Write',
  trail: {
    show: ['PolicyName', 'PolicyDocument', 'Description', 'Tag'],
    reply: ['Policy.PolicyName', 'Policy.PolicyType', 'Policy.DefaultVersion', 'Policy.CreateDate'],
  },
  quotaRefusal: 'LimitExceeded.Policy',
  refusals: ['EntityAlreadyExists.Policy', 'LimitExceeded.Policy', 'MalformedPolicyDocument'],
  requestTags: ({ Tag }) => Tag,
  locate: locateContainer('policy'),
  async decide({ PolicyName, PolicyDocument, Description, Tag }, context) {
    checkPolicy(PolicyDocument)
    const id = PolicyName.toLowerCase()
    if (systemPolicies.has(id) || (await customPolicy(PolicyName, context))) throw refuse('EntityAlreadyExists.Policy')
    const { now, caller, quotas } = context
    const body: PolicyBody = {
      policyName: PolicyName,
      description: Description,
      updatedAt: now,
      defaultVersion: 'v1',
      versions: [{ versionId: 'v1', document: PolicyDocument, createdAt: now }],
      lastVersion: 1,
      attachments: 0,
      tags: Tag,
    }
    const policy = insert(POLICY, { ...ramScope(caller.accountId), id, createdAt: now, body }, quotas['max-policies'])
    const { UpdateDate: _, ...shown } = policyAnswer(foundPolicy(policy.after))
    return { reply: { Policy: shown }, changes: [policy], created: [await ramResource('policy', PolicyName, context)] }
  },
})
