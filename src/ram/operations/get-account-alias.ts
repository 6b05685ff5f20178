import { accountSettings } from '../account-settings.ts'
import { operation } from '../operation.ts'
import { containerOf } from '../resources.ts'

export const GetAccountAlias = operation({
  name: 'GetAccountAlias',
  summary: 'Returns the alias of the account.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  async locate(_, context) {
    return [containerOf(null, context)]
  },
  async decide(_, context) {
    return { reply: { AccountAlias: (await accountSettings(context)).alias }, changes: [] }
  },
})
