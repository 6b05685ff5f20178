import { refuse } from '../../api/errors.ts'
import { locateAnyResource } from '../../api/locate.ts'
import { optional } from '../../api/parameters.ts'
import { isoSeconds } from '../../api/time.ts'
import { asked, isOpen, restsUntil, VERIFICATION, VERIFICATION_SCOPE } from '../audit/verification.ts'
import { endTime, startTime } from '../lookup/parameters.ts'
import { operation } from '../operation.ts'

export const StartEventVerification = operation({
  name: 'StartEventVerification',
  summary:
    'Starts a verification that the events of a period, or all events, are as they were recorded. InspectEventChain returns its progress and its verdict. Not in the cloud.',
  parameters: { StartTime: optional(startTime, null), EndTime: optional(endTime, null) },
  access: 'Write',
  trail: { show: ['StartTime', 'EndTime'], reply: [] },
  refusals: [
    'VerificationInProgressException',
    'VerificationTooSoonException',
    'InvalidParameterCombination',
    'InvalidParameterStartTime',
    'InvalidParameterEndTime',
  ],
  locate: locateAnyResource,
  async decide({ StartTime: start, EndTime: end }, { ledger, caller: { accountId }, now }) {
    if (start !== null && end !== null && start >= end) throw refuse('InvalidParameterCombination')
    const last = await ledger.get(VERIFICATION, VERIFICATION_SCOPE, accountId)
    if (last && isOpen(last.body)) throw refuse('VerificationInProgressException')
    const soonest = last ? restsUntil(last.body) : 0
    if (now < soonest) throw refuse('VerificationTooSoonException', { when: isoSeconds(soonest + 999) })
    const period = { from: start === null ? null : start * 1000, to: end === null ? null : end * 1000 + 999 }
    return { reply: {}, changes: [asked(accountId, last, period, now)] }
  },
})
