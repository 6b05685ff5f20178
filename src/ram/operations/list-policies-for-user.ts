import { attachedAnswer } from '../attachments.ts'
import { findUser } from '../find.ts'
import { operation } from '../operation.ts'
import { userName } from '../parameters.ts'
import { locateUser } from '../resources.ts'

export const ListPoliciesForUser = operation({
  name: 'ListPoliciesForUser',
  summary: 'Lists the policies attached to a user itself, without those of its groups.',
  parameters: { UserName: userName },
  access: 'Read',
  trail: { show: ['UserName'], reply: [] },
  refusals: ['EntityNotExist.User'],
  locate: locateUser,
  async decide({ UserName }, context) {
    return { reply: await attachedAnswer(await findUser(UserName, context), context), changes: [] }
  },
})
