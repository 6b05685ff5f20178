import { update } from '../../ledger/record.ts'
import { keyId } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { disable, dueAt } from '../key-state.ts'
import { operation } from '../operation.ts'
import { findUsersKey } from '../service-keys.ts'

export const DisableKey = operation({
  name: 'DisableKey',
  summary: 'Disables a CMK. It does not encrypt, decrypt or rotate until it is enabled again.',
  parameters: { KeyId: keyId },
  access: 'Write',
  trail: { show: ['KeyId'], reply: ['RequestId'] },
  refusals: ['Forbidden.KeyNotFound', 'Unsupported.Alias', 'UnsupportedOperation', 'Rejected.StateModifiedFailed'],
  locate: locateKey,
  async decide({ KeyId }, context) {
    const { record, body } = await findUsersKey(KeyId, context, 'id')
    const after = disable(body)
    return { reply: {}, changes: [update(record, { body: after, dueAt: dueAt(after) })] }
  },
})
