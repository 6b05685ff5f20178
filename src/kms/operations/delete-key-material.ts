import { refuse } from '../../api/errors.ts'
import { update } from '../../ledger/record.ts'
import { destroyMaterial } from '../destruction.ts'
import { keyId } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { dueAt, withoutMaterial } from '../key-state.ts'
import { operation } from '../operation.ts'
import { findUsersKey } from '../service-keys.ts'

export const DeleteKeyMaterial = operation({
  name: 'DeleteKeyMaterial',
  summary: 'Deletes the imported material of a CMK. Afterwards only the same material can be imported.',
  parameters: { KeyId: keyId },
  access: 'Write',
  trail: { show: ['KeyId'], reply: ['RequestId'] },
  refusals: ['Forbidden.KeyNotFound', 'Unsupported.Alias', 'UnsupportedOperation', 'Unsupported.Origin'],
  locate: locateKey,
  async decide({ KeyId }, context) {
    const { record, body } = await findUsersKey(KeyId, context, 'id')
    if (body.origin !== 'EXTERNAL') throw refuse('Unsupported.Origin')
    const after = withoutMaterial(body)
    const change = update(record, { body: after, dueAt: dueAt(after) })
    return { reply: {}, changes: [change, ...(await destroyMaterial(record, context, context.now))] }
  },
})
