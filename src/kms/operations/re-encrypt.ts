import { refuse } from '../../api/errors.ts'
import { optional, secret, text } from '../../api/parameters.ts'
import type { EncryptionAlgorithm } from '../../cryptography/algorithms.ts'
import { fromBase64 } from '../../cryptography/encoding.ts'
import { DeviceTime } from '../../keystore/keystore.ts'
import { decryptedWith, demandAsymmetric, encryptionAlgorithm, sizesOf, usablePair } from '../asymmetric.ts'
import { encryptWith, locateBlob, openBlob } from '../cryptography.ts'
import { findKey, keyId } from '../key-name.ts'
import { keyResource } from '../key-resource.ts'
import { type KmsContext, operation } from '../operation.ts'
import { dryRun, encryptionContext } from '../parameters.ts'
import type { Version } from '../records.ts'

export const ReEncrypt = operation({
  name: 'ReEncrypt',
  summary:
    'Decrypts a ciphertext and encrypts the plaintext again, under another CMK, context or version. The plaintext stays in the server.',
  parameters: {
    CiphertextBlob: secret({ max: 65_536 }),
    SourceKeyId: optional(text({ max: 512 }), null),
    SourceKeyVersionId: optional(text({ max: 64 }), null),
    SourceEncryptionAlgorithm: optional(encryptionAlgorithm, null),
    SourceEncryptionContext: encryptionContext,
    DestinationKeyId: keyId,
    DestinationEncryptionContext: encryptionContext,
    ...dryRun,
  },
  access: 'Read',
  trail: {
    show: [
      'SourceKeyId',
      'SourceKeyVersionId',
      'SourceEncryptionAlgorithm',
      'SourceEncryptionContext',
      'DestinationKeyId',
      'DestinationEncryptionContext',
      'DryRun',
    ],
    reply: ['KeyId', 'KeyVersionId'],
  },
  refusals: [
    'Forbidden.KeyNotFound',
    'Forbidden.KeyVersionNotFound',
    'Unsupported.Alias',
    'UnsupportedOperation',
    'Rejected.UnsupportedOperation',
    'Rejected.Disabled',
    'Rejected.PendingDeletion',
    'Rejected.PendingImport',
    'Rejected.KeyExhausted',
  ],
  locate: [
    async (values, context) => {
      const pair = pairOf(values)
      const resource = pair ? await keyResource(pair.keyId, context) : await locateBlob(values.CiphertextBlob, context)
      return [{ ...resource, action: 'kms:ReEncryptFrom' }]
    },
    async ({ DestinationKeyId }, context) => [
      { ...(await keyResource(DestinationKeyId, context)), action: 'kms:ReEncryptTo' },
    ],
  ],
  async decide(values, context) {
    const time = new DeviceTime()
    const { plaintext, version } = await opened(values, context, time)
    try {
      const to = await findKey(values.DestinationKeyId, context, 'id')
      const { CiphertextBlob } = await encryptWith(to, plaintext, values.DestinationEncryptionContext, context, time)
      return { reply: { CiphertextBlob, KeyId: version.body.keyId, KeyVersionId: version.id }, changes: [] }
    } finally {
      plaintext.fill(0)
    }
  },
})

interface Source {
  readonly CiphertextBlob: string
  readonly SourceKeyId: string | null
  readonly SourceKeyVersionId: string | null
  readonly SourceEncryptionAlgorithm: EncryptionAlgorithm | null
  readonly SourceEncryptionContext: ReadonlyMap<string, string>
}

/**
 * The asymmetric key version and algorithm of the ciphertext; null for a ciphertext of a symmetric key, which names its version itself.
 * Refuses a call with only some of the three parameters.
 */
function pairOf({ SourceKeyId, SourceKeyVersionId, SourceEncryptionAlgorithm }: Source) {
  if (SourceKeyId === null && SourceKeyVersionId === null && SourceEncryptionAlgorithm === null) return null
  if (SourceKeyId === null) throw refuse('MissingParameter', { name: 'SourceKeyId' })
  if (SourceKeyVersionId === null) throw refuse('MissingParameter', { name: 'SourceKeyVersionId' })
  if (SourceEncryptionAlgorithm === null) throw refuse('MissingParameter', { name: 'SourceEncryptionAlgorithm' })
  return { keyId: SourceKeyId, versionId: SourceKeyVersionId, algorithm: SourceEncryptionAlgorithm }
}

/** Returns the plaintext for the destination to encrypt, and the version that decrypted it. */
async function opened(
  source: Source,
  context: KmsContext,
  time: DeviceTime,
): Promise<{ plaintext: Uint8Array; version: Version }> {
  const pair = pairOf(source)
  if (!pair) return openBlob(source.CiphertextBlob, source.SourceEncryptionContext, context, time)
  const key = await findKey(pair.keyId, context, 'id')
  const sizes = sizesOf(demandAsymmetric(key, 'ENCRYPT/DECRYPT'), pair.algorithm, 'SourceEncryptionAlgorithm')
  const usable = await usablePair(key, pair.versionId, context)
  const ciphertext = fromBase64(source.CiphertextBlob) ?? new Uint8Array(0)
  const bytes = await decryptedWith(usable, pair.algorithm, ciphertext, sizes, context, time)
  // AsymmetricDecrypt returns Base64. The destination encrypts that text, so Decrypt later returns the same Base64.
  const plaintext = Buffer.from(Buffer.from(bytes).toString('base64'), 'latin1')
  bytes.fill(0)
  return { plaintext, version: usable.version }
}
