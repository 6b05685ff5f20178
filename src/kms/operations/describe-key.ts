import { findKey, keyIdOrAlias, locateKey } from '../key-name.ts'
import { keyMetadata } from '../metadata.ts'
import { operation } from '../operation.ts'

export const DescribeKey = operation({
  name: 'DescribeKey',
  summary: 'Returns the metadata of a CMK.',
  parameters: { KeyId: keyIdOrAlias },
  access: 'Read',
  trail: { show: ['KeyId'], reply: [] },
  refusals: ['Forbidden.KeyNotFound', 'Forbidden.AliasNotFound'],
  locate: locateKey,
  async decide({ KeyId }, context) {
    const { record, body } = await findKey(KeyId, context, 'id or alias')
    return { reply: { KeyMetadata: keyMetadata({ ...record, body }, context) }, changes: [] }
  },
})
