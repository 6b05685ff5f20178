import { findKey, keyId } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { operation } from '../operation.ts'
import { visibleTags } from '../service-tags.ts'

export const ListResourceTags = operation({
  name: 'ListResourceTags',
  summary: 'Lists the tags of a CMK.',
  parameters: { KeyId: keyId },
  access: 'Read',
  trail: { show: ['KeyId'], reply: [] },
  refusals: ['Forbidden.KeyNotFound', 'Unsupported.Alias'],
  locate: locateKey,
  async decide({ KeyId }, context) {
    const { record, body } = await findKey(KeyId, context, 'id')
    const tags = visibleTags(body.tags, context.caller).map(([key, value]) => ({
      KeyId: record.id,
      TagKey: key,
      TagValue: value,
    }))
    return { reply: { Tags: { Tag: tags } }, changes: [] }
  },
})
