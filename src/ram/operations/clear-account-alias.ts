import { aliasChanges } from '../account-settings.ts'
import { operation } from '../operation.ts'
import { locateContainer } from '../resources.ts'

export const ClearAccountAlias = operation({
  name: 'ClearAccountAlias',
  summary: 'Removes the alias of the account.',
  parameters: {},
  access: 'Write',
  trail: { show: [], reply: ['RequestId'] },
  refusals: [],
  locate: locateContainer(null),
  async decide(_, context) {
    return { reply: {}, changes: await aliasChanges('', context) }
  },
})
