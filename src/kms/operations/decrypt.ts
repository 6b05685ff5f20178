import { refuse } from '../../api/errors.ts'
import { secret } from '../../api/parameters.ts'
import { decodeCiphertext } from '../../cryptography/ciphertext.ts'
import { decryptWith } from '../cryptography.ts'
import { anyKeyResource, findKeyById, findVersion, keyResourceById } from '../key-name.ts'
import { operation } from '../operation.ts'
import { encryptionContext } from '../parameters.ts'

/** One message for all that can be wrong with a ciphertext: it tells nothing about which. */
const notAuthentic = () =>
  refuse('InvalidParameter', {
    name: 'CiphertextBlob',
    rule: 'It must be what Encrypt or GenerateDataKey answered, unaltered, with the EncryptionContext given then.',
  })

export const Decrypt = operation({
  name: 'Decrypt',
  summary: 'Decrypts what Encrypt or GenerateDataKey encrypted. The ciphertext names its CMK.',
  source: 'contract/kms.md 3a, 4.4',
  parameters: { CiphertextBlob: secret({ max: 65_536 }), EncryptionContext: encryptionContext },
  access: 'Read',
  trail: { show: ['EncryptionContext'], reply: ['KeyId', 'KeyVersionId'] },
  refusals: ['Forbidden.KeyNotFound', 'Rejected.Disabled', 'Rejected.PendingDeletion', 'Rejected.PendingImport'],
  async locate({ CiphertextBlob }, context) {
    const message = decodeCiphertext(CiphertextBlob)
    if (!message) throw notAuthentic()
    const version = await findVersion(message.versionId, context)
    return [version ? await keyResourceById(version.body.keyId, context) : anyKeyResource(context)]
  },
  async decide({ CiphertextBlob, EncryptionContext }, context) {
    const message = decodeCiphertext(CiphertextBlob)
    if (!message) throw notAuthentic()
    const version = await findVersion(message.versionId, context)
    if (!version) throw refuse('Forbidden.KeyNotFound')
    const key = await findKeyById(version.body.keyId, context)
    const plaintext = await decryptWith(key, version, message, EncryptionContext, context)
    if (!plaintext) throw notAuthentic()
    const reply = {
      Plaintext: Buffer.from(plaintext).toString('utf8'),
      KeyId: version.body.keyId,
      KeyVersionId: version.id,
    }
    return { reply, changes: [] }
  },
})
