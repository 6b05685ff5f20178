import { refuse } from '../../api/errors.ts'
import { remove } from '../../ledger/record.ts'
import { attachmentsOf } from '../attachments.ts'
import { findCustomPolicy } from '../find.ts'
import { operation } from '../operation.ts'
import { flag, policyName } from '../parameters.ts'
import { POLICY, policyKey } from '../records.ts'
import { locatePolicy } from '../resources.ts'

export const DeletePolicy = operation({
  name: 'DeletePolicy',
  summary: 'Deletes a custom policy that has no attachments; with CascadingDelete, all of its versions too.',
  parameters: { PolicyName: policyName, CascadingDelete: flag },
  access: 'Write',
  trail: { show: ['PolicyName', 'CascadingDelete'], reply: ['RequestId'] },
  refusals: [
    'EntityNotExist.Policy',
    'DeleteConflict.Policy.User',
    'DeleteConflict.Policy.Group',
    'DeleteConflict.Policy.Role',
    'DeleteConflict.Policy.Version',
  ],
  locate: locatePolicy,
  async decide({ PolicyName, CascadingDelete }, context) {
    const policy = await findCustomPolicy(PolicyName, context)
    if (policy.body.attachments > 0) {
      const attached = await attachmentsOf(policyKey('Custom', PolicyName), context)
      for (const type of ['User', 'Group', 'Role'] as const)
        if (attached.some((attachment) => attachment.type === type)) throw refuse(`DeleteConflict.Policy.${type}`)
    }
    if (policy.body.versions.length > 1 && !CascadingDelete) throw refuse('DeleteConflict.Policy.Version')
    return { reply: {}, changes: [remove(POLICY, policy)] }
  },
})
