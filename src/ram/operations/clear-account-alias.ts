import { aliasChanges } from '../account-settings.ts'
import { operation } from '../operation.ts'
import { containerOf } from '../resources.ts'

export const ClearAccountAlias = operation({
  name: 'ClearAccountAlias',
  summary: 'Removes the alias of the account.',
  parameters: {},
  access: 'Write',
  trail: { show: [], reply: ['RequestId'] },
  refusals: [],
  async locate(_, context) {
    return [containerOf(null, context)]
  },
  async decide(_, context) {
    return { reply: {}, changes: await aliasChanges('', context) }
  },
})
