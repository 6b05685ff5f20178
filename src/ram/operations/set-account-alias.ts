import { refuse } from '../../api/errors.ts'
import { INSTALLATION, insert } from '../../ledger/record.ts'
import { ACCOUNT_ALIAS, accountSettings, changeSettings } from '../account-settings.ts'
import { containerOf } from '../find.ts'
import { operation } from '../operation.ts'
import { accountAlias } from '../parameters.ts'

export const SetAccountAlias = operation({
  name: 'SetAccountAlias',
  summary: 'Gives the account an alias. An existing one must be cleared first.',
  parameters: { AccountAlias: accountAlias },
  access: 'Write',
  trail: { show: ['AccountAlias'], reply: ['RequestId'] },
  refusals: [
    'EntityAlreadyExists.AccountAlias',
    'InvalidParameter.AccountAlias.Format',
    'InvalidParameter.AccountAlias.Length',
  ],
  async locate(_, context) {
    return [containerOf(null, context)]
  },
  async decide({ AccountAlias }, context) {
    const taken = await context.ledger.get(ACCOUNT_ALIAS, INSTALLATION, AccountAlias)
    if (taken || (await accountSettings(context)).alias !== '') throw refuse('EntityAlreadyExists.AccountAlias')
    const body = { accountId: context.caller.accountId }
    const alias = insert(ACCOUNT_ALIAS, { ...INSTALLATION, id: AccountAlias, createdAt: context.now, body })
    return { reply: {}, changes: [alias, await changeSettings({ alias: AccountAlias }, context)] }
  },
})
