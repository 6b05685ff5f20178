import { isoSeconds } from '../../api/time.ts'
import { accessKeysOf } from '../key-holder.ts'
import { operation } from '../operation.ts'
import { locateOwnOrNamed, ownOrNamedHolder, ownOrNamedUserName } from '../own-or-named.ts'

export const ListAccessKeys = operation({
  name: 'ListAccessKeys',
  summary: 'Lists the AccessKeys of a user, or of the account itself, without their secrets.',
  parameters: { UserName: ownOrNamedUserName },
  access: 'Read',
  trail: { show: ['UserName'], reply: [] },
  selfService: 'access keys',
  refusals: ['EntityNotExist.User'],
  locate: locateOwnOrNamed,
  async decide(values, context) {
    const holder = await ownOrNamedHolder(values, context)
    const shown = (await accessKeysOf(holder, context.ledger)).map(({ id, body, createdAt }) => ({
      AccessKeyId: id,
      Status: body.status,
      CreateDate: isoSeconds(createdAt),
    }))
    return { reply: { AccessKeys: { AccessKey: shown } }, changes: [] }
  },
})
