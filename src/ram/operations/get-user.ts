import { isoSeconds } from '../../api/time.ts'
import { userAnswerWithUpdate } from '../answers.ts'
import { findUser } from '../find.ts'
import { logOnsOf } from '../log-on.ts'
import { operation } from '../operation.ts'
import { userName } from '../parameters.ts'
import { locateUser } from '../resources.ts'

export const GetUser = operation({
  name: 'GetUser',
  summary: 'Describes a user.',
  parameters: { UserName: userName },
  access: 'Read',
  trail: { show: ['UserName'], reply: [] },
  refusals: ['EntityNotExist.User'],
  locate: locateUser,
  async decide({ UserName }, context) {
    const user = await findUser(UserName, context)
    const lastAt = (await logOnsOf(user.id, context))?.body.lastAt ?? null
    const LastLoginDate = lastAt === null ? '' : isoSeconds(lastAt)
    return { reply: { User: { ...userAnswerWithUpdate(user), LastLoginDate } }, changes: [] }
  },
})
