import { update } from '../../ledger/record.ts'
import { demandNotPendingDeletion } from '../key-state.ts'
import { operation } from '../operation.ts'
import { findUsersKey } from '../service-keys.ts'
import { withoutTags } from '../service-tags.ts'
import { taggedKeyName, taggedResource, taggedResourceParameters, tagKeyList } from '../tags.ts'

export const UntagResource = operation({
  name: 'UntagResource',
  summary: 'Removes tags from a CMK. Ignores tag keys that it does not have.',
  parameters: { ...taggedResourceParameters, TagKeys: tagKeyList },
  access: 'Write',
  trail: { show: ['KeyId', 'SecretName', 'CertificateId', 'TagKeys'], reply: ['RequestId'] },
  refusals: [
    'Forbidden.KeyNotFound',
    'Unsupported.Alias',
    'Forbidden.ResourceNotFound',
    'Certificate.NotFound',
    'UnsupportedOperation',
    'Rejected.PendingDeletion',
  ],
  locate: taggedResource,
  async decide(values, context) {
    const { record, body } = await findUsersKey(taggedKeyName(values), context, 'id')
    demandNotPendingDeletion(body)
    const tags = withoutTags(body.tags, (key) => values.TagKeys.includes(key), context.caller)
    return { reply: {}, changes: [update(record, { body: { ...body, tags } })] }
  },
})
