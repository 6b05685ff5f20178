import { encryptWith } from '../cryptography.ts'
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
  refusals: [
    'Forbidden.KeyNotFound',
    'Forbidden.AliasNotFound',
    'UnsupportedOperation',
    'Rejected.Disabled',
    'Rejected.PendingDeletion',
    'Rejected.PendingImport',
    'Rejected.KeyExhausted',
  ],
  locate: locateKey,
  async decide({ KeyId, Plaintext, EncryptionContext }, context) {
    const key = await findKeyToUse(KeyId, context, 'id or alias')
    const reply = await encryptWith(key, Buffer.from(Plaintext, 'utf8'), EncryptionContext, context)
    return { reply, ...createdWith(key, context) }
  },
})
