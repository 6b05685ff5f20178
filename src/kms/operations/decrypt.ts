import { secret } from '../../api/parameters.ts'
import { asBuffer } from '../../runtime/bytes.ts'
import { andThen } from '../../runtime/maybe-promise.ts'
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
  locate({ CiphertextBlob }, context) {
    return andThen(locateBlob(CiphertextBlob, context), (key) => [key])
  },
  decide({ CiphertextBlob, EncryptionContext }, context) {
    return andThen(openBlob(CiphertextBlob, EncryptionContext, context), ({ plaintext, version }) => {
      const Plaintext = asBuffer(plaintext).toString('utf8')
      plaintext.fill(0)
      return { reply: { Plaintext, KeyId: version.body.keyId, KeyVersionId: version.id }, changes: [] }
    })
  },
})
