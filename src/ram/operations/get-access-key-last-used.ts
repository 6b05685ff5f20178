import { isoSeconds } from '../../api/time.ts'
import { findAccessKeyOf } from '../key-holder.ts'
import { operation } from '../operation.ts'
import { locateAccessKey, locateOwnOrNamed, ownOrNamedHolder, ownOrNamedUserName } from '../own-or-named.ts'
import { accessKeyId } from '../parameters.ts'

export const GetAccessKeyLastUsed = operation({
  name: 'GetAccessKeyLastUsed',
  summary: 'Returns when an AccessKey of a user, or of the account itself, was last used.',
  parameters: { UserAccessKeyId: accessKeyId, UserName: ownOrNamedUserName },
  access: 'Read',
  trail: { show: ['UserAccessKeyId', 'UserName'], reply: [] },
  refusals: ['EntityNotExist.User', 'EntityNotExist.User.AccessKey'],
  locate: [locateOwnOrNamed, locateAccessKey],
  async decide(values, context) {
    const holder = await ownOrNamedHolder(values, context)
    const accessKey = await findAccessKeyOf(holder, values.UserAccessKeyId, context.ledger)
    const at = await context.accessKeyLastUsed(accessKey.id)
    return { reply: { AccessKeyLastUsed: { LastUsedDate: at === null ? '' : isoSeconds(at) } }, changes: [] }
  },
})
