import { detach } from '../attachments.ts'
import { findGroup } from '../find.ts'
import { operation } from '../operation.ts'
import { groupName, policyName, policyType, resourceGroupId } from '../parameters.ts'
import { policyResource, ramResource } from '../resources.ts'

export const DetachPolicyFromGroup = operation({
  name: 'DetachPolicyFromGroup',
  summary: 'Detaches a policy from a group, in force at once.',
  parameters: {
    PolicyType: policyType,
    PolicyName: policyName,
    GroupName: groupName,
    ResourceGroupId: resourceGroupId,
  },
  access: 'Write',
  trail: { show: ['PolicyType', 'PolicyName', 'GroupName'], reply: ['RequestId'] },
  refusals: [
    'EntityNotExist.Group',
    'EntityNotExist.Policy',
    'EntityNotExists.ResourceGroup',
    'EntityNotExist.Group.Policy',
  ],
  async locate({ GroupName, PolicyType, PolicyName }, context) {
    return [await ramResource('group', GroupName, context), await policyResource(PolicyType, PolicyName, context)]
  },
  async decide(values, context) {
    const group = await findGroup(values.GroupName, context)
    return { reply: {}, changes: await detach('Group', group, values, context) }
  },
})
