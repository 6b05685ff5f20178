import { accountSettings } from '../../ram/account-settings.ts'
import { locateContainer } from '../../ram/resources.ts'
import { operation } from '../operation.ts'
import { domainOf } from '../settings.ts'

export const GetDefaultDomain = operation({
  name: 'GetDefaultDomain',
  summary: 'Returns the domain of the account: its alias, or its ID where it has none, with .onaliyun.com.',
  otherActions: ['ram:GetAccountAlias'],
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  locate: locateContainer(null),
  async decide(_, context) {
    const { alias } = await accountSettings(context)
    return { reply: { DefaultDomainName: domainOf(alias, context.caller.accountId) }, changes: [] }
  },
})
