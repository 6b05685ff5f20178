import { refuse } from '../../api/errors.ts'
import { update } from '../../ledger/record.ts'
import { findCustomPolicy } from '../find.ts'
import { operation } from '../operation.ts'
import { policyName, versionId } from '../parameters.ts'
import { locatePolicy } from '../resources.ts'

export const SetDefaultPolicyVersion = operation({
  name: 'SetDefaultPolicyVersion',
  summary: 'Puts a version of a custom policy in force at once.',
  parameters: { PolicyName: policyName, VersionId: versionId },
  access: 'Write',
  trail: { show: ['PolicyName', 'VersionId'], reply: ['RequestId'] },
  refusals: ['EntityNotExist.Policy', 'EntityNotExist.Policy.Version'],
  locate: locatePolicy,
  async decide({ PolicyName, VersionId }, context) {
    const policy = await findCustomPolicy(PolicyName, context)
    if (!policy.body.versions.some(({ versionId }) => versionId === VersionId))
      throw refuse('EntityNotExist.Policy.Version')
    const body = { ...policy.body, defaultVersion: VersionId, updatedAt: context.now }
    return { reply: {}, changes: [update(policy, { body })] }
  },
})
