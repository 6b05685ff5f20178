import { refuse } from '../../api/errors.ts'
import { keyIdOrAlias, locateKey } from '../key-name.ts'
import { operation } from '../operation.ts'
import { findUsersKey } from '../service-keys.ts'

export const CreateKeyVersion = operation({
  name: 'CreateKeyVersion',
  summary:
    'Adds a version to an asymmetric CMK. Symmetric CMKs, the only ones here, get new versions only from automatic rotation.',
  parameters: { KeyId: keyIdOrAlias },
  access: 'Write',
  trail: { show: ['KeyId'], reply: ['KeyVersion'] },
  refusals: ['Forbidden.KeyNotFound', 'Forbidden.AliasNotFound', 'Rejected.UnsupportedOperation'],
  locate: locateKey,
  async decide({ KeyId }, context) {
    await findUsersKey(KeyId, context, 'id or alias', 'Rejected.UnsupportedOperation')
    // As in the cloud, the check of the key's kind comes before the check of its state.
    throw refuse('Rejected.UnsupportedOperation')
  },
})
