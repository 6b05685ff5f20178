import { accountSettings } from '../account-settings.ts'
import { operation } from '../operation.ts'
import { locateContainer } from '../resources.ts'
import { securityPreferenceAnswer } from '../security-preference.ts'

export const GetSecurityPreference = operation({
  name: 'GetSecurityPreference',
  summary: 'Returns what users may change about themselves without a policy, and how they log on.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  locate: locateContainer(null),
  async decide(_, context) {
    const { securityPreference } = await accountSettings(context)
    return { reply: { SecurityPreference: securityPreferenceAnswer(securityPreference) }, changes: [] }
  },
})
