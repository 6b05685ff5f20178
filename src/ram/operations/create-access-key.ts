import { refuse } from '../../api/errors.ts'
import { isoSeconds } from '../../api/time.ts'
import { newAccessKeyId, newAccessKeySecret } from '../identifiers.ts'
import { addAccessKey } from '../key-holder.ts'
import { operation } from '../operation.ts'
import { locateOwnOrNamed, ownOrNamedHolder, ownOrNamedUserName } from '../own-or-named.ts'

export const CreateAccessKey = operation({
  name: 'CreateAccessKey',
  summary: 'Creates an AccessKey for a user, or for the account itself. Only this reply shows its secret.',
  parameters: { UserName: ownOrNamedUserName },
  access: 'Write',
  trail: { show: ['UserName'], reply: ['AccessKey.AccessKeyId', 'AccessKey.Status', 'AccessKey.CreateDate'] },
  selfService: 'access keys',
  refusals: ['EntityNotExist.User', 'LimitExceeded.User.AccessKey'],
  locate: locateOwnOrNamed,
  async decide(values, context) {
    const holder = await ownOrNamedHolder(values, context)
    const { accessKeyIds = [] } = holder.body
    if (accessKeyIds.length >= context.quotas['max-access-keys-per-user']) throw refuse('LimitExceeded.User.AccessKey')
    const id = newAccessKeyId(context)
    const secret = newAccessKeySecret(context)
    const sealedSecret = context.sealAccessKeySecret(id, secret)
    return {
      reply: {
        AccessKey: {
          AccessKeyId: id,
          AccessKeySecret: secret,
          Status: 'Active',
          CreateDate: isoSeconds(context.now),
        },
      },
      changes: addAccessKey(holder, { id, sealedSecret, createdAt: context.now }),
      created: [{ type: 'ACS::RAM::AccessKey', name: id, arn: '' }],
    }
  },
})
