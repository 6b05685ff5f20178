import { refuse } from '../../api/errors.ts'
import { INSTALLATION, insert } from '../../ledger/record.ts'
import { ACCOUNT_ALIAS, accountSettings, changeSettings, releasedAlias } from '../account-settings.ts'
import { containerOf } from '../find.ts'
import { operation } from '../operation.ts'
import { accountAlias } from '../parameters.ts'

export const SetAccountAlias = operation({
  name: 'SetAccountAlias',
  summary: 'Gives the account an alias, in place of the one that it has.',
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
    const { alias: before } = await accountSettings(context)
    if (before === AccountAlias) return { reply: {}, changes: [] }
    if (await context.ledger.get(ACCOUNT_ALIAS, INSTALLATION, AccountAlias))
      throw refuse('EntityAlreadyExists.AccountAlias')
    const body = { accountId: context.caller.accountId }
    const alias = insert(ACCOUNT_ALIAS, { ...INSTALLATION, id: AccountAlias, createdAt: context.now, body })
    const settings = await changeSettings({ alias: AccountAlias }, context)
    return { reply: {}, changes: [alias, settings, ...(await releasedAlias(before, context))] }
  },
})
