import { accountSettings } from '../../ram/account-settings.ts'
import { containerOf } from '../../ram/resources.ts'
import { operation } from '../operation.ts'
import { passwordPolicyAnswer } from '../settings.ts'

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
    return { reply: { PasswordPolicy: passwordPolicyAnswer(await accountSettings(context)) }, changes: [] }
  },
})
