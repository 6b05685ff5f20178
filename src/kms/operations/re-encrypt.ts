import { refuse } from '../../api/errors.ts'
import { optional, secret, text } from '../../api/parameters.ts'
import { DeviceTime } from '../../keystore/keystore.ts'
import { encryptWith, locateBlob, openBlob } from '../cryptography.ts'
import { findKey, keyId, keyResource } from '../key-name.ts'
import { operation } from '../operation.ts'
import { dryRun, encryptionContext } from '../parameters.ts'

export const ReEncrypt = operation({
  name: 'ReEncrypt',
  summary:
    'Decrypts a ciphertext and encrypts the plaintext again, under another CMK, context or version. The plaintext stays in the server.',
  parameters: {
    CiphertextBlob: secret({ max: 65_536 }),
    SourceKeyId: optional(text({ max: 512 }), null),
    SourceKeyVersionId: optional(text({ max: 64 }), null),
    SourceEncryptionAlgorithm: optional(text({ max: 64 }), null),
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
    'Unsupported.Alias',
    'UnsupportedOperation',
    'Rejected.UnsupportedOperation',
    'Rejected.Disabled',
    'Rejected.PendingDeletion',
    'Rejected.PendingImport',
    'Rejected.KeyExhausted',
  ],
  locate: [
    async ({ CiphertextBlob, SourceKeyId, SourceKeyVersionId, SourceEncryptionAlgorithm }, context) => {
      // They name an asymmetric key that encrypted the ciphertext; there are none here.
      if (SourceKeyId ?? SourceKeyVersionId ?? SourceEncryptionAlgorithm) throw refuse('Rejected.UnsupportedOperation')
      return [{ ...(await locateBlob(CiphertextBlob, context)), action: 'kms:ReEncryptFrom' }]
    },
    async ({ DestinationKeyId }, context) => [
      { ...(await keyResource(DestinationKeyId, context)), action: 'kms:ReEncryptTo' },
    ],
  ],
  async decide(values, context) {
    const time = new DeviceTime()
    const { plaintext, version } = await openBlob(values.CiphertextBlob, values.SourceEncryptionContext, context, time)
    try {
      const to = await findKey(values.DestinationKeyId, context, 'id')
      const { CiphertextBlob } = await encryptWith(to, plaintext, values.DestinationEncryptionContext, context, time)
      return { reply: { CiphertextBlob, KeyId: version.body.keyId, KeyVersionId: version.id }, changes: [] }
    } finally {
      plaintext.fill(0)
    }
  },
})
