import { refuse } from '../../api/errors.ts'
import { isoSeconds } from '../../api/time.ts'
import { INSTALLATION, insert, update } from '../../ledger/record.ts'
import { ACCESS_KEY } from '../access-key.ts'
import { findUser } from '../find.ts'
import { newAccessKeyId, newAccessKeySecret } from '../identifiers.ts'
import { operation } from '../operation.ts'
import { locateOwnOrNamedUser, ownOrNamedUser, ownOrNamedUserName } from '../own-user.ts'

export const CreateAccessKey = operation({
  name: 'CreateAccessKey',
  summary: 'Creates an AccessKey for a user. Its secret is shown this once.',
  source: 'contract/ram.md 3.2',
  parameters: { UserName: ownOrNamedUserName },
  access: 'Write',
  trail: { show: ['UserName'], reply: ['AccessKey.AccessKeyId', 'AccessKey.Status', 'AccessKey.CreateDate'] },
  selfService: 'access keys',
  refusals: ['EntityNotExist.User', 'LimitExceeded.User.AccessKey'],
  locate: locateOwnOrNamedUser,
  async decide(values, context) {
    const user = await findUser(ownOrNamedUser(values, context), context)
    const { accessKeyIds } = user.body
    if (accessKeyIds.length >= context.quotas['max-access-keys-per-user']) throw refuse('LimitExceeded.User.AccessKey')
    const id = newAccessKeyId(context)
    const secret = newAccessKeySecret(context)
    const body = {
      accountId: context.caller.accountId,
      userId: user.id,
      sealedSecret: context.sealAccessKeySecret(id, secret),
      status: 'Active',
    } as const
    return {
      reply: {
        AccessKey: {
          AccessKeyId: id,
          AccessKeySecret: secret,
          Status: body.status,
          CreateDate: isoSeconds(context.now),
        },
      },
      changes: [
        update(user, { body: { ...user.body, accessKeyIds: [...accessKeyIds, id] } }),
        insert(ACCESS_KEY, { ...INSTALLATION, id, createdAt: context.now, body }),
      ],
      made: [{ type: 'ACS::RAM::AccessKey', name: id, arn: '' }],
    }
  },
})
