import { versionAnswer } from '../answers.ts'
import { findPolicy } from '../find.ts'
import { operation } from '../operation.ts'
import { policyName, policyType } from '../parameters.ts'
import { locatePolicy } from '../resources.ts'

export const ListPolicyVersions = operation({
  name: 'ListPolicyVersions',
  summary: 'Lists the versions of a policy, the newest last.',
  parameters: { PolicyType: policyType, PolicyName: policyName },
  access: 'Read',
  trail: { show: ['PolicyType', 'PolicyName'], reply: [] },
  refusals: ['EntityNotExist.Policy'],
  locate: locatePolicy,
  async decide({ PolicyType, PolicyName }, context) {
    const policy = await findPolicy(PolicyType, PolicyName, context)
    const versions = policy.versions.map((version) => versionAnswer(version, policy))
    return { reply: { PolicyVersions: { PolicyVersion: versions } }, changes: [] }
  },
})
