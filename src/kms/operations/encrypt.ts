import { andThen } from '../../runtime/maybe-promise.ts'
import { ENCRYPTION_REFUSALS, encryptWith } from '../cryptography.ts'
import { keyIdOrAlias } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { operation } from '../operation.ts'
import { dryRun, encryptionContext, plaintext } from '../parameters.ts'
import { createdWith, findKeyToUse } from '../service-keys.ts'

export const Encrypt = operation({
  name: 'Encrypt',
  summary: 'Encrypts up to 6 KB under a CMK.',
  parameters: { KeyId: keyIdOrAlias, Plaintext: plaintext, EncryptionContext: encryptionContext, ...dryRun },
  access: 'Read',
  trail: { show: ['KeyId', 'EncryptionContext', 'DryRun'], reply: ['KeyId', 'KeyVersionId'] },
  refusals: ENCRYPTION_REFUSALS,
  locate: locateKey,
  decide({ KeyId, Plaintext, EncryptionContext }, context) {
    return andThen(findKeyToUse(KeyId, context), (key) =>
      andThen(encryptWith(key, Buffer.from(Plaintext, 'utf8'), EncryptionContext, context), (reply) => ({
        reply,
        ...createdWith(key, context),
      })),
    )
  },
})
