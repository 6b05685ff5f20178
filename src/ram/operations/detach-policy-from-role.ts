import { detach } from '../attachments.ts'
import { findRole } from '../find.ts'
import { operation } from '../operation.ts'
import { policyName, policyType, resourceGroupId, roleName } from '../parameters.ts'
import { policyResource, ramResource } from '../resources.ts'

export const DetachPolicyFromRole = operation({
  name: 'DetachPolicyFromRole',
  summary: 'Detaches a policy from a role, in force at once.',
  parameters: { PolicyType: policyType, PolicyName: policyName, RoleName: roleName, ResourceGroupId: resourceGroupId },
  access: 'Write',
  trail: { show: ['PolicyType', 'PolicyName', 'RoleName'], reply: ['RequestId'] },
  refusals: [
    'EntityNotExist.Role',
    'EntityNotExist.Policy',
    'EntityNotExists.ResourceGroup',
    'EntityNotExist.Role.Policy',
  ],
  async locate({ RoleName, PolicyType, PolicyName }, context) {
    return [await ramResource('role', RoleName, context), await policyResource(PolicyType, PolicyName, context)]
  },
  async decide(values, context) {
    const role = await findRole(values.RoleName, context)
    return { reply: {}, changes: await detach('Role', role, values, context) }
  },
})
