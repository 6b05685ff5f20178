import { refuse } from '../../api/errors.ts'
import { ENCRYPTION_REFUSALS, encryptWith } from '../cryptography.ts'
import {
  dataKeyLength,
  dataKeyParameters,
  destinationOf,
  exported,
  exportParameters,
  withNewDataKey,
} from '../data-key.ts'
import { keyIdOrAlias } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { operation } from '../operation.ts'
import { dryRun, encryptionContext } from '../parameters.ts'
import { createdWith, findKeyToUse } from '../service-keys.ts'

export const GenerateAndExportDataKey = operation({
  name: 'GenerateAndExportDataKey',
  summary: 'Generates a random data key and returns it twice: encrypted under a CMK, and wrapped for a public key.',
  parameters: {
    KeyId: keyIdOrAlias,
    ...dataKeyParameters,
    EncryptionContext: encryptionContext,
    ...exportParameters,
    ...dryRun,
  },
  access: 'Read',
  trail: {
    show: ['KeyId', 'KeySpec', 'NumberOfBytes', 'WrappingKeySpec', 'WrappingAlgorithm', 'EncryptionContext', 'DryRun'],
    reply: ['KeyId', 'KeyVersionId'],
  },
  refusals: ENCRYPTION_REFUSALS,
  locate: locateKey,
  async decide({ KeyId, EncryptionContext, ...wanted }, context) {
    const destination = destinationOf(wanted, context)
    const length = dataKeyLength(wanted)
    if (length > destination.capacity)
      throw refuse('InvalidParameter', {
        name: 'NumberOfBytes',
        rule: `The public key wraps at most ${destination.capacity} bytes.`,
      })
    const key = await findKeyToUse(KeyId, context)
    return withNewDataKey(length, context, async (bytes, text) => {
      const encrypted = await encryptWith(key, text, EncryptionContext, context)
      return {
        reply: { ...encrypted, ExportedDataKey: await exported(destination, bytes) },
        ...createdWith(key, context),
      }
    })
  },
})
