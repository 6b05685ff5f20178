import { refuse } from '../../api/errors.ts'
import {
  ASYMMETRIC_REFUSALS,
  asymmetricPlaintext,
  demandAsymmetric,
  encryptionParameters,
  sizesOf,
  usablePair,
} from '../asymmetric.ts'
import { findKey } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { operation } from '../operation.ts'

export const AsymmetricEncrypt = operation({
  name: 'AsymmetricEncrypt',
  summary: 'Encrypts with the public key of a version of an asymmetric CMK.',
  parameters: { ...encryptionParameters, Plaintext: asymmetricPlaintext },
  access: 'Read',
  trail: { show: ['KeyId', 'KeyVersionId', 'Algorithm', 'DryRun'], reply: ['KeyId', 'KeyVersionId'] },
  refusals: ASYMMETRIC_REFUSALS,
  locate: locateKey,
  async decide({ KeyId, KeyVersionId, Algorithm, Plaintext }, context) {
    const key = await findKey(KeyId, context, 'id or alias')
    const { mostPlaintext } = sizesOf(demandAsymmetric(key, 'ENCRYPT/DECRYPT'), Algorithm, 'Algorithm')
    if (Plaintext.length > mostPlaintext)
      throw refuse('InvalidParameter', {
        name: 'Plaintext',
        rule: `With ${Algorithm} this key encrypts at most ${mostPlaintext} bytes. Encrypt a data key with it, and longer data with the data key.`,
      })
    const { version, place, publicKey } = await usablePair(key, KeyVersionId, context)
    await context.keystore.demandDecryption(place, Algorithm)
    const ciphertext = await context.publicKeys.encrypt(context.scope.account, {
      publicKey,
      algorithm: Algorithm,
      plaintext: Plaintext,
    })
    const CiphertextBlob = Buffer.from(ciphertext).toString('base64')
    return { reply: { KeyId: key.record.id, KeyVersionId: version.id, CiphertextBlob }, changes: [] }
  },
})
