import { accountSettings } from '../../ram/account-settings.ts'
import { locateContainer } from '../../ram/resources.ts'
import { operation } from '../operation.ts'
import { preferenceAnswer } from '../settings.ts'

export const GetSecurityPreference = operation({
  name: 'GetSecurityPreference',
  summary: 'Returns what users may change about themselves without a policy, and how they log on.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  locate: locateContainer(null),
  async decide(_, context) {
    return { reply: { SecurityPreference: preferenceAnswer(await accountSettings(context)) }, changes: [] }
  },
})
