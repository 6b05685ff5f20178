import { refuse } from '../../api/errors.ts'
import { locateAnyResource } from '../../api/locate.ts'
import { ended, isOpen, VERIFICATION, VERIFICATION_SCOPE } from '../audit/verification.ts'
import { operation } from '../operation.ts'

export const CancelEventVerification = operation({
  name: 'CancelEventVerification',
  summary: 'Cancels the verification that the account requested. Not in the cloud.',
  parameters: {},
  access: 'Write',
  trail: { show: [], reply: [] },
  refusals: ['VerificationNotFoundException'],
  locate: locateAnyResource,
  async decide(_, { ledger, caller: { accountId }, now }) {
    const last = await ledger.get(VERIFICATION, VERIFICATION_SCOPE, accountId)
    if (!last || !isOpen(last.body)) throw refuse('VerificationNotFoundException')
    return { reply: {}, changes: [ended(last, { state: 'Canceled' }, now)] }
  },
})
