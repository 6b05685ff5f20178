import { ENCRYPTION_REFUSALS, encryptWith } from '../cryptography.ts'
import { dataKeyLength, dataKeyParameters, withNewDataKey } from '../data-key.ts'
import { keyIdOrAlias } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { operation } from '../operation.ts'
import { dryRun, encryptionContext } from '../parameters.ts'
import { createdWith, findKeyToUse } from '../service-keys.ts'

export const GenerateDataKeyWithoutPlaintext = operation({
  name: 'GenerateDataKeyWithoutPlaintext',
  summary:
    'Generates a random data key and returns it only encrypted under a CMK, for services that hand out data keys without seeing them.',
  parameters: { KeyId: keyIdOrAlias, ...dataKeyParameters, EncryptionContext: encryptionContext, ...dryRun },
  access: 'Read',
  trail: {
    show: ['KeyId', 'KeySpec', 'NumberOfBytes', 'EncryptionContext', 'DryRun'],
    reply: ['KeyId', 'KeyVersionId'],
  },
  refusals: ENCRYPTION_REFUSALS,
  locate: locateKey,
  async decide({ KeyId, EncryptionContext, ...wanted }, context) {
    const length = dataKeyLength(wanted)
    const key = await findKeyToUse(KeyId, context)
    return withNewDataKey(length, context, async (_, text) => ({
      reply: await encryptWith(key, text, EncryptionContext, context),
      ...createdWith(key, context),
    }))
  },
})
