import { possiblyEmpty, text } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { keyId } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { demandNotPendingDeletion } from '../key-state.ts'
import { operation } from '../operation.ts'
import { findUsersKey } from '../service-keys.ts'

export const UpdateKeyDescription = operation({
  name: 'UpdateKeyDescription',
  summary: 'Changes the description of a CMK. An empty text removes it.',
  parameters: { KeyId: keyId, Description: possiblyEmpty(text({ max: 8192 })) },
  access: 'Write',
  trail: { show: ['KeyId', 'Description'], reply: ['RequestId'] },
  refusals: ['Forbidden.KeyNotFound', 'Unsupported.Alias', 'UnsupportedOperation', 'Rejected.PendingDeletion'],
  locate: locateKey,
  async decide({ KeyId, Description }, context) {
    const { record, body } = await findUsersKey(KeyId, context, 'id')
    demandNotPendingDeletion(body)
    return { reply: {}, changes: [update(record, { body: { ...body, description: Description } })] }
  },
})
