import { refuse } from '../../api/errors.ts'
import { remove } from '../../ledger/record.ts'
import { findUser } from '../find.ts'
import { forgetLogOns } from '../log-on.ts'
import { operation } from '../operation.ts'
import { userName } from '../parameters.ts'
import { ramScope, USER, USER_NAME } from '../records.ts'
import { locateUser } from '../resources.ts'

export const DeleteUser = operation({
  name: 'DeleteUser',
  summary: 'Deletes a user that has no groups, AccessKeys, login profile, MFA device and policies.',
  parameters: { UserName: userName },
  access: 'Write',
  trail: { show: ['UserName'], reply: ['RequestId'] },
  refusals: [
    'EntityNotExist.User',
    'DeleteConflict.User.Group',
    'DeleteConflict.User.AccessKey',
    'DeleteConflict.User.LoginProfile',
    'DeleteConflict.User.MFADevice',
    'DeleteConflict.User.Policy',
  ],
  locate: locateUser,
  async decide({ UserName }, context) {
    const user = await findUser(UserName, context)
    const { groups, accessKeyIds, loginProfile, mfaDevice, policies } = user.body
    if (groups.length > 0) throw refuse('DeleteConflict.User.Group')
    if (accessKeyIds.length > 0) throw refuse('DeleteConflict.User.AccessKey')
    if (loginProfile) throw refuse('DeleteConflict.User.LoginProfile')
    if (mfaDevice !== undefined) throw refuse('DeleteConflict.User.MFADevice')
    if (policies.length > 0) throw refuse('DeleteConflict.User.Policy')
    const name = await context.ledger.get(USER_NAME, ramScope(context.caller.accountId), UserName.toLowerCase())
    const logOns = await forgetLogOns(user.id, context)
    return { reply: {}, changes: [remove(USER, user), ...(name ? [remove(USER_NAME, name)] : []), ...logOns] }
  },
})
