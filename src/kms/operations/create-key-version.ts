import { refuse } from '../../api/errors.ts'
import { findKey, keyIdOrAlias, locateKey } from '../key-name.ts'
import { operation } from '../operation.ts'

export const CreateKeyVersion = operation({
  name: 'CreateKeyVersion',
  summary: 'Adds a version to an asymmetric CMK. Symmetric ones, the only ones here, rotate by their policy alone.',
  source: 'contract/kms.md 3b, 12.14',
  parameters: { KeyId: keyIdOrAlias },
  access: 'Write',
  trail: { show: ['KeyId'], reply: ['KeyVersion'] },
  refusals: ['Forbidden.KeyNotFound', 'Forbidden.AliasNotFound', 'Rejected.UnsupportedOperation'],
  locate: locateKey,
  async decide({ KeyId }, context) {
    await findKey(KeyId, context, 'id or alias')
    // The kind of the key counts before its state (contract/kms.md section 2).
    throw refuse('Rejected.UnsupportedOperation')
  },
})
