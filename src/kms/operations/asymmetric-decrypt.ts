import {
  ASYMMETRIC_REFUSALS,
  asymmetricCiphertext,
  decryptedWith,
  demandAsymmetric,
  encryptionParameters,
  sizesOf,
  usablePair,
} from '../asymmetric.ts'
import { findKey } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { operation } from '../operation.ts'

export const AsymmetricDecrypt = operation({
  name: 'AsymmetricDecrypt',
  summary: 'Decrypts, with the private key of a version of an asymmetric CMK, what was encrypted with its public key.',
  parameters: { ...encryptionParameters, CiphertextBlob: asymmetricCiphertext },
  access: 'Read',
  trail: { show: ['KeyId', 'KeyVersionId', 'Algorithm', 'DryRun'], reply: ['KeyId', 'KeyVersionId'] },
  refusals: ASYMMETRIC_REFUSALS,
  locate: locateKey,
  async decide({ KeyId, KeyVersionId, Algorithm, CiphertextBlob }, context) {
    const key = await findKey(KeyId, context, 'id or alias')
    const sizes = sizesOf(demandAsymmetric(key, 'ENCRYPT/DECRYPT'), Algorithm, 'Algorithm')
    const usable = await usablePair(key, KeyVersionId, context)
    const plaintext = await decryptedWith(usable, Algorithm, CiphertextBlob, sizes, context)
    const Plaintext = Buffer.from(plaintext).toString('base64')
    plaintext.fill(0)
    return { reply: { KeyId: key.record.id, KeyVersionId: usable.version.id, Plaintext }, changes: [] }
  },
})
