import { policyAnswer, versionAnswer } from '../answers.ts'
import { attachmentCount } from '../attachments.ts'
import { findPolicy } from '../find.ts'
import { operation } from '../operation.ts'
import { policyName, policyType } from '../parameters.ts'
import { locatePolicy } from '../resources.ts'

export const GetPolicy = operation({
  name: 'GetPolicy',
  summary: 'Describes a policy and its default version.',
  parameters: { PolicyName: policyName, PolicyType: policyType },
  access: 'Read',
  trail: { show: ['PolicyName', 'PolicyType'], reply: [] },
  refusals: ['EntityNotExist.Policy'],
  locate: locatePolicy,
  async decide({ PolicyName, PolicyType }, context) {
    const policy = await findPolicy(PolicyType, PolicyName, context)
    const version = policy.versions.find(({ versionId }) => versionId === policy.defaultVersion)
    return {
      reply: {
        Policy: { ...policyAnswer(policy), AttachmentCount: await attachmentCount(policy, context) },
        ...(version ? { DefaultPolicyVersion: versionAnswer(version, policy) } : {}),
      },
      changes: [],
    }
  },
})
