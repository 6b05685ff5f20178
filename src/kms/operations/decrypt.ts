import { secret } from '../../api/parameters.ts'
import { locateBlob, openBlob } from '../cryptography.ts'
import { operation } from '../operation.ts'
import { dryRun, encryptionContext } from '../parameters.ts'

export const Decrypt = operation({
  name: 'Decrypt',
  summary: 'Decrypts a ciphertext of Encrypt or GenerateDataKey. The ciphertext identifies its CMK.',
  parameters: { CiphertextBlob: secret({ max: 65_536 }), EncryptionContext: encryptionContext, ...dryRun },
  access: 'Read',
  trail: { show: ['EncryptionContext', 'DryRun'], reply: ['KeyId', 'KeyVersionId'] },
  refusals: [
    'Forbidden.KeyNotFound',
    'UnsupportedOperation',
    'Rejected.Disabled',
    'Rejected.PendingDeletion',
    'Rejected.PendingImport',
  ],
  async locate({ CiphertextBlob }, context) {
    return [await locateBlob(CiphertextBlob, context)]
  },
  async decide({ CiphertextBlob, EncryptionContext }, context) {
    const { plaintext, version } = await openBlob(CiphertextBlob, EncryptionContext, context)
    const Plaintext = Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength).toString('utf8')
    plaintext.fill(0)
    return { reply: { Plaintext, KeyId: version.body.keyId, KeyVersionId: version.id }, changes: [] }
  },
})
