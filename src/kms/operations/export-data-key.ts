import { refuse } from '../../api/errors.ts'
import { secret } from '../../api/parameters.ts'
import { fromBase64 } from '../../cryptography/encoding.ts'
import { asBuffer } from '../../runtime/bytes.ts'
import { locateBlob, openBlob } from '../cryptography.ts'
import { destinationOf, exported, exportParameters } from '../data-key.ts'
import { operation } from '../operation.ts'
import { dryRun, encryptionContext } from '../parameters.ts'

export const ExportDataKey = operation({
  name: 'ExportDataKey',
  summary: 'Decrypts an encrypted data key and returns it wrapped for a public key.',
  parameters: {
    CiphertextBlob: secret({ max: 65_536 }),
    EncryptionContext: encryptionContext,
    ...exportParameters,
    ...dryRun,
  },
  access: 'Read',
  trail: {
    show: ['WrappingKeySpec', 'WrappingAlgorithm', 'EncryptionContext', 'DryRun'],
    reply: ['KeyId', 'KeyVersionId'],
  },
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
  async decide({ CiphertextBlob, EncryptionContext, ...wrapping }, context) {
    const destination = destinationOf(wrapping, context)
    const { plaintext, version } = await openBlob(CiphertextBlob, EncryptionContext, context)
    // The CMK encrypted the Base64 text of the data key.
    const dataKey = fromBase64(asBuffer(plaintext).toString('latin1'))
    plaintext.fill(0)
    try {
      if (!dataKey || dataKey.length > destination.capacity)
        throw refuse('InvalidParameter', {
          name: 'CiphertextBlob',
          rule: `It must hold a data key of at most ${destination.capacity} bytes.`,
        })
      const reply = {
        KeyId: version.body.keyId,
        KeyVersionId: version.id,
        ExportedDataKey: await exported(destination, dataKey),
      }
      return { reply, changes: [] }
    } finally {
      dataKey?.fill(0)
    }
  },
})
