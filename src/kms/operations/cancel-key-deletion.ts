import { update } from '../../ledger/record.ts'
import { findVersion, keyId } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { cancelDeletion, dueAt, materialExpired } from '../key-state.ts'
import { operation } from '../operation.ts'
import { findUsersKey } from '../service-keys.ts'

export const CancelKeyDeletion = operation({
  name: 'CancelKeyDeletion',
  summary: 'Cancels the scheduled deletion of a CMK and enables it.',
  parameters: { KeyId: keyId },
  access: 'Write',
  trail: { show: ['KeyId'], reply: ['RequestId'] },
  refusals: ['Forbidden.KeyNotFound', 'Unsupported.Alias', 'UnsupportedOperation', 'Rejected.StateModifiedFailed'],
  locate: locateKey,
  async decide({ KeyId }, context) {
    const { record, body } = await findUsersKey(KeyId, context, 'id')
    const version = body.primaryVersionId === null ? null : await findVersion(body.primaryVersionId, context)
    const hasMaterial = version?.body.material != null && !materialExpired(body, context.now)
    const after = cancelDeletion(body, hasMaterial)
    return { reply: {}, changes: [update(record, { body: after, dueAt: dueAt(after) })] }
  },
})
