import { andThen } from '../../runtime/maybe-promise.ts'
import { ENCRYPTION_REFUSALS, encryptWith } from '../cryptography.ts'
import { dataKeyLength, dataKeyParameters, withNewDataKey } from '../data-key.ts'
import { keyIdOrAlias } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { operation } from '../operation.ts'
import { dryRun, encryptionContext } from '../parameters.ts'
import { createdWith, findKeyToUse } from '../service-keys.ts'

export const GenerateDataKey = operation({
  name: 'GenerateDataKey',
  summary: 'Generates a random data key and returns it in plaintext and encrypted under a CMK.',
  parameters: { KeyId: keyIdOrAlias, ...dataKeyParameters, EncryptionContext: encryptionContext, ...dryRun },
  access: 'Read',
  trail: {
    show: ['KeyId', 'KeySpec', 'NumberOfBytes', 'EncryptionContext', 'DryRun'],
    reply: ['KeyId', 'KeyVersionId'],
  },
  refusals: ENCRYPTION_REFUSALS,
  locate: locateKey,
  decide({ KeyId, EncryptionContext, ...wanted }, context) {
    const length = dataKeyLength(wanted)
    return andThen(findKeyToUse(KeyId, context), (key) =>
      withNewDataKey(length, context, (_, text) =>
        andThen(encryptWith(key, text, EncryptionContext, context), (encrypted) => ({
          reply: { ...encrypted, Plaintext: text.toString('latin1') },
          ...createdWith(key, context),
        })),
      ),
    )
  },
})
