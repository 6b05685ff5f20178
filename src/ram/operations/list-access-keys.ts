import { isoSeconds } from '../../api/time.ts'
import { INSTALLATION } from '../../ledger/record.ts'
import { ACCESS_KEY } from '../access-key.ts'
import { findUser } from '../find.ts'
import { operation } from '../operation.ts'
import { locateOwnOrNamedUser, ownOrNamedUser, ownOrNamedUserName } from '../own-user.ts'

export const ListAccessKeys = operation({
  name: 'ListAccessKeys',
  summary: 'Lists the AccessKeys of a user, without their secrets.',
  source: 'contract/ram.md 3.2',
  parameters: { UserName: ownOrNamedUserName },
  access: 'Read',
  trail: { show: ['UserName'], reply: [] },
  selfService: 'access keys',
  refusals: ['EntityNotExist.User'],
  locate: locateOwnOrNamedUser,
  async decide(values, context) {
    const user = await findUser(ownOrNamedUser(values, context), context)
    const keys = await Promise.all(user.body.accessKeyIds.map((id) => context.ledger.get(ACCESS_KEY, INSTALLATION, id)))
    const shown = keys.flatMap((key) =>
      key ? [{ AccessKeyId: key.id, Status: key.body.status, CreateDate: isoSeconds(key.createdAt) }] : [],
    )
    return { reply: { AccessKeys: { AccessKey: shown } }, changes: [] }
  },
})
