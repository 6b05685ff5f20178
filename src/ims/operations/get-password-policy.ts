import { accountSettings } from '../../ram/account-settings.ts'
import { locateContainer } from '../../ram/resources.ts'
import { operation } from '../operation.ts'
import { passwordPolicyAnswer } from '../settings.ts'

export const GetPasswordPolicy = operation({
  name: 'GetPasswordPolicy',
  summary: 'Returns the password policy of the account.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  locate: locateContainer(null),
  async decide(_, context) {
    return { reply: { PasswordPolicy: passwordPolicyAnswer(await accountSettings(context)) }, changes: [] }
  },
})
