import { update } from '../../ledger/record.ts'
import { findVersion, keyId } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { cancelDeletion, dueAt, materialExpired } from '../key-state.ts'
import { type KmsContext, operation } from '../operation.ts'
import type { CmkBody } from '../records.ts'
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
    const after = cancelDeletion(body, await hasMaterial(body, context))
    return { reply: {}, changes: [update(record, { body: after, dueAt: dueAt(after) })] }
  },
})

/** Only imported material can be missing. */
async function hasMaterial(body: CmkBody, context: KmsContext): Promise<boolean> {
  if (body.origin === 'Aliyun_KMS') return true
  if (body.primaryVersionId === null || materialExpired(body, context.now)) return false
  return (await findVersion(body.primaryVersionId, context))?.body.material != null
}
