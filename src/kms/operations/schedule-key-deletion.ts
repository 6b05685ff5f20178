import { refuse } from '../../api/errors.ts'
import { integer, optional, shaped } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { keyId } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { dueAt, scheduleDeletion } from '../key-state.ts'
import { operation } from '../operation.ts'
import { findUsersKey } from '../service-keys.ts'

export const ScheduleKeyDeletion = operation({
  name: 'ScheduleKeyDeletion',
  summary: 'Schedules the deletion of a CMK. CancelKeyDeletion cancels it until that day.',
  parameters: {
    KeyId: keyId,
    PendingWindowInDays: optional(
      shaped(
        integer({ min: 7, max: 366, rule: 'A whole number of days from 7 to the maximum that the operator set (30).' }),
        { maxSetting: 'maxPendingWindowDays' },
      ),
      30,
    ),
  },
  access: 'Write',
  trail: { show: ['KeyId', 'PendingWindowInDays'], reply: ['RequestId'] },
  refusals: ['Forbidden.KeyNotFound', 'Unsupported.Alias', 'UnsupportedOperation', 'Rejected.StateModifiedFailed'],
  locate: locateKey,
  async decide({ KeyId, PendingWindowInDays: days }, context) {
    const max = context.settings.maxPendingWindowDays
    if (days > max)
      throw refuse('InvalidParameter', { name: 'PendingWindowInDays', rule: `A whole number from 7 to ${max}.` })
    const { record, body } = await findUsersKey(KeyId, context, 'id')
    const after = scheduleDeletion(body, context.now, days)
    return { reply: {}, changes: [update(record, { body: after, dueAt: dueAt(after) })] }
  },
})
