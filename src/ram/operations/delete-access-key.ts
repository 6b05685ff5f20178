import { deleteAccessKey, findAccessKeyOf } from '../key-holder.ts'
import { operation } from '../operation.ts'
import { locateAccessKey, locateOwnOrNamed, ownOrNamedHolder, ownOrNamedUserName } from '../own-or-named.ts'
import { accessKeyId } from '../parameters.ts'

export const DeleteAccessKey = operation({
  name: 'DeleteAccessKey',
  summary: 'Deletes an AccessKey of a user, or of the account itself. Calls signed with it are refused at once.',
  parameters: { UserAccessKeyId: accessKeyId, UserName: ownOrNamedUserName },
  access: 'Write',
  trail: { show: ['UserAccessKeyId', 'UserName'], reply: ['RequestId'] },
  selfService: 'access keys',
  refusals: ['EntityNotExist.User', 'EntityNotExist.User.AccessKey'],
  locate: [locateOwnOrNamed, locateAccessKey],
  async decide(values, context) {
    const holder = await ownOrNamedHolder(values, context)
    const accessKey = await findAccessKeyOf(holder, values.UserAccessKeyId, context.ledger)
    return {
      reply: {},
      changes: deleteAccessKey(holder, accessKey),
    }
  },
})
