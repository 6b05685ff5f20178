import { aliasChanges } from '../../ram/account-settings.ts'
import { locateContainer } from '../../ram/resources.ts'
import { operation } from '../operation.ts'
import { DOMAIN_END, defaultDomain } from '../parameters.ts'

export const SetDefaultDomain = operation({
  name: 'SetDefaultDomain',
  summary: 'Sets the domain of the account, and with it its alias. The account ID as the domain removes the alias.',
  otherActions: ['ram:SetAccountAlias'],
  parameters: { DefaultDomainName: defaultDomain },
  access: 'Write',
  trail: { show: ['DefaultDomainName'], reply: ['DefaultDomainName'] },
  refusals: ['EntityAlreadyExists.AccountAlias'],
  locate: locateContainer(null),
  async decide({ DefaultDomainName }, context) {
    const name = DefaultDomainName.slice(0, -DOMAIN_END.length)
    const alias = name === context.caller.accountId ? '' : name
    return { reply: { DefaultDomainName }, changes: await aliasChanges(alias, context) }
  },
})
