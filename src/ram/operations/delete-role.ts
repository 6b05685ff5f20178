import { refuse } from '../../api/errors.ts'
import { remove } from '../../ledger/record.ts'
import { findRole } from '../find.ts'
import { operation } from '../operation.ts'
import { roleName } from '../parameters.ts'
import { ROLE } from '../records.ts'
import { locateRole } from '../resources.ts'

export const DeleteRole = operation({
  name: 'DeleteRole',
  summary: 'Deletes a role that has no policies. Its sessions end at once.',
  parameters: { RoleName: roleName },
  access: 'Write',
  trail: { show: ['RoleName'], reply: ['RequestId'] },
  refusals: ['EntityNotExist.Role', 'DeleteConflict.Role.Policy'],
  locate: locateRole,
  async decide({ RoleName }, context) {
    const role = await findRole(RoleName, context)
    if (role.body.policies.length > 0) throw refuse('DeleteConflict.Role.Policy')
    return { reply: {}, changes: [remove(ROLE, role)] }
  },
})
