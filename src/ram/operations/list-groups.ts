import { groupAnswerWithUpdate } from '../answers.ts'
import { operation } from '../operation.ts'
import { pageOf, pagingParameters } from '../parameters.ts'
import { afterName, GROUP, GROUP_NAME, ramScope } from '../records.ts'
import { locateContainer } from '../resources.ts'

export const ListGroups = operation({
  name: 'ListGroups',
  summary: 'Lists the groups by name.',
  parameters: pagingParameters,
  access: 'Read',
  trail: { show: ['Marker', 'MaxItems'], reply: [] },
  refusals: [],
  locate: locateContainer('group'),
  async decide({ Marker, MaxItems }, { ledger, caller }) {
    const scope = ramScope(caller.accountId)
    const names = await ledger.between(GROUP_NAME, scope, afterName(Marker, MaxItems + 1))
    const { items, rest } = pageOf(names, MaxItems, ({ id }) => id)
    const groups = await Promise.all(items.map(({ body }) => ledger.get(GROUP, scope, body.id)))
    return {
      reply: { Groups: { Group: groups.flatMap((group) => (group ? [groupAnswerWithUpdate(group)] : [])) }, ...rest },
      changes: [],
    }
  },
})
