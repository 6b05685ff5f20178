import { refuse } from '../../api/errors.ts'
import { integer, optional, text } from '../../api/parameters.ts'
import { encryptWith } from '../cryptography.ts'
import { findKey, keyIdOrAlias, locateKey } from '../key-name.ts'
import { operation } from '../operation.ts'
import { encryptionContext } from '../parameters.ts'

const DATA_KEY_BYTES: ReadonlyMap<string, number> = new Map([
  ['AES_256', 32],
  ['AES_128', 16],
])

export const GenerateDataKey = operation({
  name: 'GenerateDataKey',
  summary: 'Makes a random data key and answers with it, plain and encrypted under a CMK.',
  source: 'contract/kms.md 3a, 4.7',
  parameters: {
    KeyId: keyIdOrAlias,
    KeySpec: optional(text({ max: 64, rule: 'AES_256 or AES_128; NumberOfBytes wins over it.' }), 'AES_256'),
    NumberOfBytes: optional(integer({ min: 1, max: 1024 }), null),
    EncryptionContext: encryptionContext,
  },
  access: 'Read',
  trail: { show: ['KeyId', 'KeySpec', 'NumberOfBytes', 'EncryptionContext'], reply: ['KeyId', 'KeyVersionId'] },
  refusals: [
    'Forbidden.KeyNotFound',
    'Forbidden.AliasNotFound',
    'Rejected.Disabled',
    'Rejected.PendingDeletion',
    'Rejected.PendingImport',
    'Rejected.KeyExhausted',
  ],
  locate: locateKey,
  async decide({ KeyId, KeySpec, NumberOfBytes, EncryptionContext }, context) {
    const length = NumberOfBytes ?? DATA_KEY_BYTES.get(KeySpec)
    if (length === undefined) throw refuse('InvalidParameter', { name: 'KeySpec', rule: 'One of AES_256, AES_128.' })
    const key = await findKey(KeyId, context, 'id or alias')
    const dataKey = Buffer.from(context.randomBytes(length)).toString('base64')
    const encrypted = await encryptWith(key, Buffer.from(dataKey, 'latin1'), EncryptionContext, context)
    return { reply: { ...encrypted, Plaintext: dataKey }, changes: [] }
  },
})
