import { attachedAnswer } from '../attachments.ts'
import { findRole } from '../find.ts'
import { operation } from '../operation.ts'
import { roleName } from '../parameters.ts'
import { locateRole } from '../resources.ts'

export const ListPoliciesForRole = operation({
  name: 'ListPoliciesForRole',
  summary: 'Lists the policies attached to a role.',
  parameters: { RoleName: roleName },
  access: 'Read',
  trail: { show: ['RoleName'], reply: [] },
  refusals: ['EntityNotExist.Role'],
  locate: locateRole,
  async decide({ RoleName }, context) {
    return { reply: await attachedAnswer(await findRole(RoleName, context), context), changes: [] }
  },
})
