import { attach } from '../attachments.ts'
import { findRole } from '../find.ts'
import { operation } from '../operation.ts'
import { policyName, policyType, resourceGroupId, roleName } from '../parameters.ts'
import { policyResource, ramResource } from '../resources.ts'

export const AttachPolicyToRole = operation({
  name: 'AttachPolicyToRole',
  summary: 'Attaches a policy to a role, in force at once.',
  parameters: { PolicyType: policyType, PolicyName: policyName, RoleName: roleName, ResourceGroupId: resourceGroupId },
  access: 'Write',
  trail: { show: ['PolicyType', 'PolicyName', 'RoleName'], reply: ['RequestId'] },
  refusals: [
    'EntityNotExist.Role',
    'EntityNotExist.Policy',
    'EntityNotExists.ResourceGroup',
    'EntityAlreadyExists.Role.Policy',
    'LimitExceeded.Role.Policy',
  ],
  async locate({ RoleName, PolicyType, PolicyName }, context) {
    return [await ramResource('role', RoleName, context), await policyResource(PolicyType, PolicyName, context)]
  },
  async decide(values, context) {
    const role = await findRole(values.RoleName, context)
    return { reply: {}, changes: await attach('Role', role, values, context) }
  },
})
