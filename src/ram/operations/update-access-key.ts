import { update } from '../../ledger/record.ts'
import { findAccessKeyOf } from '../key-holder.ts'
import { operation } from '../operation.ts'
import { locateAccessKey, locateOwnOrNamed, ownOrNamedHolder, ownOrNamedUserName } from '../own-or-named.ts'
import { accessKeyId, accessKeyStatus } from '../parameters.ts'

export const UpdateAccessKey = operation({
  name: 'UpdateAccessKey',
  summary: 'Activates or deactivates an AccessKey of a user, or of the account itself, at once.',
  parameters: { UserAccessKeyId: accessKeyId, Status: accessKeyStatus, UserName: ownOrNamedUserName },
  access: 'Write',
  trail: { show: ['UserAccessKeyId', 'Status', 'UserName'], reply: ['RequestId'] },
  selfService: 'access keys',
  refusals: ['EntityNotExist.User', 'EntityNotExist.User.AccessKey'],
  locate: [locateOwnOrNamed, locateAccessKey],
  async decide(values, context) {
    const holder = await ownOrNamedHolder(values, context)
    const accessKey = await findAccessKeyOf(holder, values.UserAccessKeyId, context.ledger)
    return { reply: {}, changes: [update(accessKey, { body: { ...accessKey.body, status: values.Status } })] }
  },
})
