import { detach } from '../attachments.ts'
import { findUser } from '../find.ts'
import { operation } from '../operation.ts'
import { policyName, policyType, resourceGroupId, userName } from '../parameters.ts'
import { policyResource, ramResource } from '../resources.ts'

export const DetachPolicyFromUser = operation({
  name: 'DetachPolicyFromUser',
  summary: 'Detaches a policy from a user, in force at once.',
  parameters: { PolicyType: policyType, PolicyName: policyName, UserName: userName, ResourceGroupId: resourceGroupId },
  access: 'Write',
  trail: { show: ['PolicyType', 'PolicyName', 'UserName'], reply: ['RequestId'] },
  refusals: [
    'EntityNotExist.User',
    'EntityNotExist.Policy',
    'EntityNotExists.ResourceGroup',
    'EntityNotExist.User.Policy',
  ],
  async locate({ UserName, PolicyType, PolicyName }, context) {
    return [await ramResource('user', UserName, context), await policyResource(PolicyType, PolicyName, context)]
  },
  async decide(values, context) {
    const user = await findUser(values.UserName, context)
    return { reply: {}, changes: await detach('User', user, values, context) }
  },
})
