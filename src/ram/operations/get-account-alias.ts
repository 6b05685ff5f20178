import { accountSettings } from '../account-settings.ts'
import { operation } from '../operation.ts'
import { locateContainer } from '../resources.ts'

export const GetAccountAlias = operation({
  name: 'GetAccountAlias',
  summary: 'Returns the alias of the account.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  locate: locateContainer(null),
  async decide(_, context) {
    return { reply: { AccountAlias: (await accountSettings(context)).alias }, changes: [] }
  },
})
