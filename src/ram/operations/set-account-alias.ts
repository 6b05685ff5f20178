import { aliasChanges } from '../account-settings.ts'
import { operation } from '../operation.ts'
import { accountAlias } from '../parameters.ts'
import { locateContainer } from '../resources.ts'

export const SetAccountAlias = operation({
  name: 'SetAccountAlias',
  summary: 'Sets the alias of the account. Replaces an existing alias.',
  parameters: { AccountAlias: accountAlias },
  access: 'Write',
  trail: { show: ['AccountAlias'], reply: ['RequestId'] },
  refusals: [
    'EntityAlreadyExists.AccountAlias',
    'InvalidParameter.AccountAlias.Format',
    'InvalidParameter.AccountAlias.Length',
  ],
  locate: locateContainer(null),
  async decide({ AccountAlias }, context) {
    return { reply: {}, changes: await aliasChanges(AccountAlias, context) }
  },
})
