import { operation } from '../operation.ts'
import { withoutTags } from '../service-tags.ts'
import { findTagged, locateTagged, taggedResourceParameters, tagKeyList } from '../tags.ts'

export const UntagResource = operation({
  name: 'UntagResource',
  summary: 'Removes tags from a CMK or a secret. Ignores tag keys that the resource does not have.',
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
    'Rejected.ResourceInDeleteWindow',
  ],
  locate: locateTagged,
  async decide(values, context) {
    const resource = await findTagged(values, context, 'id')
    const removes = (key: string) => values.TagKeys.includes(key)
    return { reply: {}, changes: [resource.changed((tags) => withoutTags(tags, removes, context.caller))] }
  },
})
