import type { Reply } from '../../api/operation.ts'
import { isoSeconds } from '../../api/time.ts'
import { roleArn } from '../answers.ts'
import { attachmentsOf } from '../attachments.ts'
import { findPolicy } from '../find.ts'
import { operation, type RamContext } from '../operation.ts'
import { policyName, policyType } from '../parameters.ts'
import { GROUP, type PrincipalType, ROLE, ramScope, USER } from '../records.ts'
import { locatePolicy } from '../resources.ts'

export const ListEntitiesForPolicy = operation({
  name: 'ListEntitiesForPolicy',
  summary: 'Lists the users, groups and roles that a policy is attached to.',
  parameters: { PolicyType: policyType, PolicyName: policyName },
  access: 'Read',
  trail: { show: ['PolicyType', 'PolicyName'], reply: [] },
  refusals: ['EntityNotExist.Policy'],
  locate: locatePolicy,
  async decide({ PolicyType, PolicyName }, context) {
    const policy = await findPolicy(PolicyType, PolicyName, context)
    const lists: Record<PrincipalType, Reply[]> = { User: [], Group: [], Role: [] }
    for (const { type, id, attachedAt } of await attachmentsOf(policy.key, context)) {
      const entity = await describe(type, id, context)
      if (entity) lists[type].push({ ...entity, AttachDate: isoSeconds(attachedAt) })
    }
    const { User, Group, Role } = lists
    return { reply: { Users: { User }, Groups: { Group }, Roles: { Role } }, changes: [] }
  },
})

async function describe(type: PrincipalType, id: string, { ledger, caller }: RamContext): Promise<Reply | null> {
  const scope = ramScope(caller.accountId)
  if (type === 'User') {
    const user = await ledger.get(USER, scope, id)
    return user && { UserId: id, UserName: user.body.userName, DisplayName: user.body.displayName }
  }
  if (type === 'Group') {
    const group = await ledger.get(GROUP, scope, id)
    return group && { GroupName: group.body.groupName, Comments: group.body.comments }
  }
  const role = await ledger.get(ROLE, scope, id)
  if (!role) return null
  const { roleId, roleName, description } = role.body
  return { RoleId: roleId, RoleName: roleName, Arn: roleArn(role), Description: description }
}
