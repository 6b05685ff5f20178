import { update } from '../../ledger/record.ts'
import { findAccessKeyOf } from '../access-key.ts'
import { findUser } from '../find.ts'
import { operation } from '../operation.ts'
import { locateOwnOrNamedUser, ownOrNamedUser, ownOrNamedUserName } from '../own-user.ts'
import { accessKeyId, accessKeyStatus } from '../parameters.ts'

export const UpdateAccessKey = operation({
  name: 'UpdateAccessKey',
  summary: 'Makes an AccessKey of a user active or inactive, at once.',
  source: 'contract/ram.md 3.2',
  parameters: { UserAccessKeyId: accessKeyId, Status: accessKeyStatus, UserName: ownOrNamedUserName },
  access: 'Write',
  trail: { show: ['UserAccessKeyId', 'Status', 'UserName'], reply: ['RequestId'] },
  selfService: 'access keys',
  refusals: ['EntityNotExist.User', 'EntityNotExist.User.AccessKey'],
  locate: locateOwnOrNamedUser,
  async decide(values, context) {
    const user = await findUser(ownOrNamedUser(values, context), context)
    const accessKey = await findAccessKeyOf(user, values.UserAccessKeyId, context)
    return { reply: {}, changes: [update(accessKey, { body: { ...accessKey.body, status: values.Status } })] }
  },
})
