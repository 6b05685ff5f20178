import { userAnswerWithUpdate } from '../answers.ts'
import { operation } from '../operation.ts'
import { pageOf, pagingParameters } from '../parameters.ts'
import { afterName, ramScope, USER, USER_NAME } from '../records.ts'
import { locateContainer } from '../resources.ts'

export const ListUsers = operation({
  name: 'ListUsers',
  summary: 'Lists the users by name.',
  parameters: pagingParameters,
  access: 'Read',
  trail: { show: ['Marker', 'MaxItems'], reply: [] },
  refusals: [],
  locate: locateContainer('user'),
  async decide({ Marker, MaxItems }, { ledger, caller }) {
    const scope = ramScope(caller.accountId)
    const names = await ledger.between(USER_NAME, scope, afterName(Marker, MaxItems + 1))
    const { items, rest } = pageOf(names, MaxItems, ({ id }) => id)
    const users = await Promise.all(items.map(({ body }) => ledger.get(USER, scope, body.id)))
    return {
      reply: { Users: { User: users.flatMap((user) => (user ? [userAnswerWithUpdate(user)] : [])) }, ...rest },
      changes: [],
    }
  },
})
