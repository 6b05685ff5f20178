import { roleAnswer } from '../answers.ts'
import { findRole } from '../find.ts'
import { operation } from '../operation.ts'
import { roleName } from '../parameters.ts'
import { locateRole } from '../resources.ts'

export const GetRole = operation({
  name: 'GetRole',
  summary: 'Describes a role and its trust policy.',
  parameters: { RoleName: roleName },
  access: 'Read',
  trail: { show: ['RoleName'], reply: [] },
  refusals: ['EntityNotExist.Role'],
  locate: locateRole,
  async decide({ RoleName }, context) {
    return { reply: { Role: roleAnswer(await findRole(RoleName, context)) }, changes: [] }
  },
})
