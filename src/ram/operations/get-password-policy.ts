import { accountSettings } from '../account-settings.ts'
import { operation } from '../operation.ts'
import { locateContainer } from '../resources.ts'

export const GetPasswordPolicy = operation({
  name: 'GetPasswordPolicy',
  summary: 'Returns the password policy of the account.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  locate: locateContainer(null),
  async decide(_, context) {
    return { reply: { PasswordPolicy: { ...(await accountSettings(context)).passwordPolicy } }, changes: [] }
  },
})
