import { findUser } from '../find.ts'
import { loginProfileAnswer, loginProfileOf } from '../login-profile.ts'
import { operation } from '../operation.ts'
import { userName } from '../parameters.ts'
import { locateUser } from '../resources.ts'

export const GetLoginProfile = operation({
  name: 'GetLoginProfile',
  summary: 'Returns the log-on settings of a user that has a password for the console.',
  parameters: { UserName: userName },
  access: 'Read',
  trail: { show: ['UserName'], reply: [] },
  refusals: ['EntityNotExist.User', 'EntityNotExist.User.LoginProfile'],
  locate: locateUser,
  async decide({ UserName }, context) {
    const user = await findUser(UserName, context)
    return { reply: { LoginProfile: loginProfileAnswer(user.body.userName, loginProfileOf(user)) }, changes: [] }
  },
})
