import { possiblyEmpty } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { policyAnswer } from '../answers.ts'
import { findCustomPolicy, foundPolicy } from '../find.ts'
import { operation } from '../operation.ts'
import { description, policyName } from '../parameters.ts'
import { locatePolicy } from '../resources.ts'

export const UpdatePolicyDescription = operation({
  name: 'UpdatePolicyDescription',
  summary: 'Changes the description of a custom policy. An empty text clears it.',
  parameters: { PolicyName: policyName, NewDescription: possiblyEmpty(description) },
  access: 'Write',
  trail: { show: ['PolicyName', 'NewDescription'], reply: ['Policy.PolicyName'] },
  refusals: ['EntityNotExist.Policy'],
  locate: locatePolicy,
  async decide({ PolicyName, NewDescription }, context) {
    const policy = await findCustomPolicy(PolicyName, context)
    const body = { ...policy.body, description: NewDescription, updatedAt: context.now }
    const changed = update(policy, { body })
    return { reply: { Policy: policyAnswer(foundPolicy(changed.after)) }, changes: [changed] }
  },
})
