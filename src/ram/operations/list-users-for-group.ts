import { isoSeconds } from '../../api/time.ts'
import { findGroup } from '../find.ts'
import { membershipId } from '../membership.ts'
import { operation } from '../operation.ts'
import { groupName, pageOf, pagingParameters } from '../parameters.ts'
import { afterName, MEMBERSHIP, ramScope, USER } from '../records.ts'
import { locateGroup } from '../resources.ts'

export const ListUsersForGroup = operation({
  name: 'ListUsersForGroup',
  summary: 'Lists the users in a group by name.',
  parameters: { GroupName: groupName, ...pagingParameters },
  access: 'Read',
  trail: { show: ['GroupName', 'Marker', 'MaxItems'], reply: [] },
  refusals: ['EntityNotExist.Group'],
  locate: locateGroup,
  async decide({ GroupName, Marker, MaxItems }, context) {
    const { ledger, caller } = context
    const group = await findGroup(GroupName, context)
    const scope = ramScope(caller.accountId)
    const prefix = membershipId(group.id, '')
    const found = await ledger.between(MEMBERSHIP, scope, afterName(Marker, MaxItems + 1, prefix))
    const { items, rest } = pageOf(found, MaxItems, ({ id }) => id.slice(prefix.length))
    const users = await Promise.all(
      items.map(async ({ body: { userId, joinedAt } }) => {
        const user = await ledger.get(USER, scope, userId)
        if (!user) return []
        const { userName, displayName } = user.body
        return [{ UserName: userName, DisplayName: displayName, JoinDate: isoSeconds(joinedAt) }]
      }),
    )
    return { reply: { Users: { User: users.flat() }, ...rest }, changes: [] }
  },
})
