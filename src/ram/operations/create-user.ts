import { refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { insert } from '../../ledger/record.ts'
import { userAnswer } from '../answers.ts'
import { userByName } from '../find.ts'
import { newUserId } from '../identifiers.ts'
import { operation } from '../operation.ts'
import { comments, displayName, email, mobilePhone, userName } from '../parameters.ts'
import { ramScope, USER, USER_NAME, type UserBody } from '../records.ts'
import { locateContainer, ramResource } from '../resources.ts'

export const CreateUser = operation({
  name: 'CreateUser',
  summary: 'Creates a user.',
  parameters: {
    UserName: userName,
    DisplayName: optional(displayName, ''),
    MobilePhone: optional(mobilePhone, ''),
    Email: optional(email, ''),
    Comments: optional(comments, ''),
  },
  access: 'Write',
  trail: {
    show: ['UserName', 'DisplayName', 'MobilePhone', 'Email', 'Comments'],
    reply: ['User.UserId', 'User.UserName', 'User.CreateDate'],
  },
  quotaRefusal: 'LimitExceeded.User',
  refusals: ['EntityAlreadyExists.User', 'LimitExceeded.User'],
  locate: locateContainer('user'),
  async decide({ UserName, DisplayName, MobilePhone, Email, Comments }, context) {
    if (await userByName(UserName, context)) throw refuse('EntityAlreadyExists.User')
    const { now, quotas, caller } = context
    const body: UserBody = {
      userName: UserName,
      displayName: DisplayName,
      mobilePhone: MobilePhone,
      email: Email,
      comments: Comments,
      updatedAt: now,
      groups: [],
      policies: [],
      accessKeyIds: [],
      loginProfile: null,
    }
    const user = { ...ramScope(caller.accountId), id: newUserId(context), createdAt: now, body }
    const name = { ...ramScope(caller.accountId), id: UserName.toLowerCase(), createdAt: now, body: { id: user.id } }
    const inserted = insert(USER, user, quotas['max-users'])
    return {
      reply: { User: userAnswer(inserted.after) },
      changes: [inserted, insert(USER_NAME, name)],
      created: [await ramResource('user', UserName, context)],
    }
  },
})
