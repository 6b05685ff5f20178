import { operation } from '../operation.ts'
import { demandSettable, findTagged, locateTagged, tagged, taggedResourceParameters, tagList } from '../tags.ts'

export const TagResource = operation({
  name: 'TagResource',
  summary: 'Adds tags to a CMK or a secret and overwrites the values of existing tags.',
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
    'Rejected.ResourceInDeleteWindow',
    'Rejected.LimitExceeded',
  ],
  requestTags: ({ Tags }) => Tags,
  locate: locateTagged,
  async decide(values, context) {
    demandSettable(values.Tags, context)
    const resource = await findTagged(values, context, 'id or alias')
    return { reply: {}, changes: [resource.changed((tags) => tagged(tags, values.Tags))] }
  },
})
