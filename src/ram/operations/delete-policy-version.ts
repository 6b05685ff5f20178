import { refuse } from '../../api/errors.ts'
import { update } from '../../ledger/record.ts'
import { findCustomPolicy } from '../find.ts'
import { operation } from '../operation.ts'
import { policyName, versionId } from '../parameters.ts'
import { locatePolicy } from '../resources.ts'

export const DeletePolicyVersion = operation({
  name: 'DeletePolicyVersion',
  summary: 'Deletes a version of a custom policy that is not the default one.',
  parameters: { PolicyName: policyName, VersionId: versionId },
  access: 'Write',
  trail: { show: ['PolicyName', 'VersionId'], reply: ['RequestId'] },
  refusals: ['EntityNotExist.Policy', 'EntityNotExist.Policy.Version', 'DeleteConflict.Policy.Version.Default'],
  locate: locatePolicy,
  async decide({ PolicyName, VersionId }, context) {
    const policy = await findCustomPolicy(PolicyName, context)
    const { body } = policy
    const versions = body.versions.filter(({ versionId }) => versionId !== VersionId)
    if (versions.length === body.versions.length) throw refuse('EntityNotExist.Policy.Version')
    if (body.defaultVersion === VersionId) throw refuse('DeleteConflict.Policy.Version.Default')
    return { reply: {}, changes: [update(policy, { body: { ...body, versions } })] }
  },
})
