import { refuse } from '../../api/errors.ts'
import { versionAnswer } from '../answers.ts'
import { findPolicy } from '../find.ts'
import { operation } from '../operation.ts'
import { policyName, policyType, versionId } from '../parameters.ts'
import { locatePolicy } from '../resources.ts'

export const GetPolicyVersion = operation({
  name: 'GetPolicyVersion',
  summary: 'Returns a version of a policy.',
  parameters: { PolicyType: policyType, PolicyName: policyName, VersionId: versionId },
  access: 'Read',
  trail: { show: ['PolicyType', 'PolicyName', 'VersionId'], reply: [] },
  refusals: ['EntityNotExist.Policy', 'EntityNotExist.Policy.Version'],
  locate: locatePolicy,
  async decide({ PolicyType, PolicyName, VersionId }, context) {
    const policy = await findPolicy(PolicyType, PolicyName, context)
    const version = policy.versions.find(({ versionId }) => versionId === VersionId)
    if (!version) throw refuse('EntityNotExist.Policy.Version')
    return { reply: { PolicyVersion: versionAnswer(version, policy) }, changes: [] }
  },
})
