import { remove, update } from '../../ledger/record.ts'
import { ACCESS_KEY, findAccessKeyOf } from '../access-key.ts'
import { findUser } from '../find.ts'
import { operation } from '../operation.ts'
import { locateOwnOrNamedUser, ownOrNamedUser, ownOrNamedUserName } from '../own-user.ts'
import { accessKeyId } from '../parameters.ts'

export const DeleteAccessKey = operation({
  name: 'DeleteAccessKey',
  summary: 'Deletes an AccessKey of a user; it is refused from this moment on.',
  source: 'contract/ram.md 3.2',
  parameters: { UserAccessKeyId: accessKeyId, UserName: ownOrNamedUserName },
  access: 'Write',
  trail: { show: ['UserAccessKeyId', 'UserName'], reply: ['RequestId'] },
  selfService: 'access keys',
  refusals: ['EntityNotExist.User', 'EntityNotExist.User.AccessKey'],
  locate: locateOwnOrNamedUser,
  async decide(values, context) {
    const user = await findUser(ownOrNamedUser(values, context), context)
    const accessKey = await findAccessKeyOf(user, values.UserAccessKeyId, context)
    const accessKeyIds = user.body.accessKeyIds.filter((id) => id !== accessKey.id)
    return {
      reply: {},
      changes: [update(user, { body: { ...user.body, accessKeyIds } }), remove(ACCESS_KEY, accessKey, true)],
    }
  },
})
