import { refuse } from '../../api/errors.ts'
import { text } from '../../api/parameters.ts'
import { findKey, findVersion, keyIdOrAlias } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { keyVersionAnswer } from '../metadata.ts'
import { operation } from '../operation.ts'

export const DescribeKeyVersion = operation({
  name: 'DescribeKeyVersion',
  summary: 'Returns a version of a CMK.',
  parameters: { KeyId: keyIdOrAlias, KeyVersionId: text({ max: 64, rule: 'The ID of a version of this CMK.' }) },
  access: 'Read',
  trail: { show: ['KeyId', 'KeyVersionId'], reply: [] },
  refusals: ['Forbidden.KeyNotFound', 'Forbidden.AliasNotFound', 'Forbidden.KeyVersionNotFound'],
  locate: locateKey,
  async decide({ KeyId, KeyVersionId }, context) {
    const { record } = await findKey(KeyId, context, 'id or alias')
    const version = await findVersion(KeyVersionId, context)
    if (version?.body.keyId !== record.id) throw refuse('Forbidden.KeyVersionNotFound')
    return { reply: { KeyVersion: keyVersionAnswer(version) }, changes: [] }
  },
})
