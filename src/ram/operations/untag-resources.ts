import { refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { operation } from '../operation.ts'
import { flag } from '../parameters.ts'
import { changeTags, locateTagged, resourceNames, resourceType, tagKeys } from '../resource-tags.ts'

export const UntagResources = operation({
  name: 'UntagResources',
  summary: 'Removes tags, or with All every tag, from roles or custom policies. Ignores keys that they do not have.',
  parameters: {
    ResourceType: resourceType,
    ResourceNames: resourceNames,
    TagKeys: optional(tagKeys, null),
    All: flag,
  },
  access: 'Write',
  trail: { show: ['ResourceType', 'ResourceNames', 'TagKeys', 'All'], reply: ['RequestId'] },
  refusals: ['EntityNotExist.Role', 'EntityNotExist.Policy'],
  locate: locateTagged,
  async decide({ TagKeys, All, ...named }, context) {
    if (TagKeys === null && !All) throw refuse('MissingParameter', { name: 'TagKeys' })
    const stays = (key: string) => TagKeys !== null && !TagKeys.includes(key)
    return { reply: {}, changes: await changeTags(named, (tags) => tags.filter(([key]) => stays(key)), context) }
  },
})
