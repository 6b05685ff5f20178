import { roleAnswer } from '../answers.ts'
import { findRole, locateRole } from '../find.ts'
import { operation } from '../operation.ts'
import { roleName } from '../parameters.ts'

export const GetRole = operation({
  name: 'GetRole',
  summary: 'Tells about a role, its trust policy included.',
  source: 'contract/ram.md 3.5',
  parameters: { RoleName: roleName },
  access: 'Read',
  trail: { show: ['RoleName'], reply: [] },
  refusals: ['EntityNotExist.Role'],
  locate: locateRole,
  async decide({ RoleName }, context) {
    return { reply: { Role: roleAnswer(await findRole(RoleName, context)) }, changes: [] }
  },
})
