import { update } from '../../ledger/record.ts'
import { findUser } from '../find.ts'
import { loginProfileOf } from '../login-profile.ts'
import { operation } from '../operation.ts'
import { userName } from '../parameters.ts'
import { locateUser } from '../resources.ts'

export const DeleteLoginProfile = operation({
  name: 'DeleteLoginProfile',
  summary: 'Removes the password of a user. The user can then no longer log on to the console.',
  parameters: { UserName: userName },
  access: 'Write',
  trail: { show: ['UserName'], reply: ['RequestId'] },
  refusals: ['EntityNotExist.User', 'EntityNotExist.User.LoginProfile'],
  locate: locateUser,
  async decide({ UserName }, context) {
    const user = await findUser(UserName, context)
    loginProfileOf(user)
    return { reply: {}, changes: [update(user, { body: { ...user.body, loginProfile: null } }, true)] }
  },
})
