import { update } from '../../ledger/record.ts'
import { demandNotPendingDeletion } from '../key-state.ts'
import { operation } from '../operation.ts'
import { findUsersKey } from '../service-keys.ts'
import { demandSettable, tagged, taggedKeyName, taggedResource, taggedResourceParameters, tagList } from '../tags.ts'

export const TagResource = operation({
  name: 'TagResource',
  summary: 'Adds tags to a CMK and overwrites the values of those that it has.',
  parameters: { ...taggedResourceParameters, Tags: tagList },
  access: 'Write',
  trail: { show: ['KeyId', 'SecretName', 'CertificateId', 'Tags'], reply: ['RequestId'] },
  refusals: [
    'Forbidden.KeyNotFound',
    'Forbidden.AliasNotFound',
    'Forbidden.ResourceNotFound',
    'Certificate.NotFound',
    'UnsupportedOperation',
    'Rejected.PendingDeletion',
    'Rejected.LimitExceeded',
  ],
  requestTags: ({ Tags }) => Tags,
  locate: taggedResource,
  async decide(values, context) {
    demandSettable(values.Tags, context)
    const { record, body } = await findUsersKey(taggedKeyName(values), context, 'id or alias')
    demandNotPendingDeletion(body)
    return { reply: {}, changes: [update(record, { body: { ...body, tags: tagged(body.tags, values.Tags) } })] }
  },
})
