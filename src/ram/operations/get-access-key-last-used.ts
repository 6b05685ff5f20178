import { isoSeconds } from '../../api/time.ts'
import { findAccessKeyOf } from '../access-key.ts'
import { findUser } from '../find.ts'
import { operation } from '../operation.ts'
import { locateOwnOrNamedUser, ownOrNamedUser, ownOrNamedUserName } from '../own-user.ts'
import { accessKeyId } from '../parameters.ts'

export const GetAccessKeyLastUsed = operation({
  name: 'GetAccessKeyLastUsed',
  summary: 'Tells when an AccessKey of a user was last used.',
  source: 'contract/ram.md 3.2',
  parameters: { UserAccessKeyId: accessKeyId, UserName: ownOrNamedUserName },
  access: 'Read',
  trail: { show: ['UserAccessKeyId', 'UserName'], reply: [] },
  refusals: ['EntityNotExist.User', 'EntityNotExist.User.AccessKey'],
  locate: locateOwnOrNamedUser,
  async decide(values, context) {
    const user = await findUser(ownOrNamedUser(values, context), context)
    const accessKey = await findAccessKeyOf(user, values.UserAccessKeyId, context)
    const at = await context.accessKeyLastUsed(accessKey.id)
    return { reply: { AccessKeyLastUsed: { LastUsedDate: at === null ? '' : isoSeconds(at) } }, changes: [] }
  },
})
