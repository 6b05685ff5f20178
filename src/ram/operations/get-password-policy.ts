import { accountSettings } from '../account-settings.ts'
import { operation } from '../operation.ts'
import { containerOf } from '../resources.ts'

export const GetPasswordPolicy = operation({
  name: 'GetPasswordPolicy',
  summary: 'Returns the password policy of the account.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  async locate(_, context) {
    return [containerOf(null, context)]
  },
  async decide(_, context) {
    return { reply: { PasswordPolicy: { ...(await accountSettings(context)).passwordPolicy } }, changes: [] }
  },
})
