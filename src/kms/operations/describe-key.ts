import { keyIdOrAlias } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { keyMetadata } from '../metadata.ts'
import { operation } from '../operation.ts'
import { createdWith, findKeyToUse } from '../service-keys.ts'

export const DescribeKey = operation({
  name: 'DescribeKey',
  summary: 'Returns the metadata of a CMK.',
  parameters: { KeyId: keyIdOrAlias },
  access: 'Read',
  trail: { show: ['KeyId'], reply: [] },
  refusals: ['Forbidden.KeyNotFound', 'Forbidden.AliasNotFound'],
  locate: locateKey,
  async decide({ KeyId }, context) {
    const key = await findKeyToUse(KeyId, context)
    return {
      reply: { KeyMetadata: keyMetadata({ ...key.record, body: key.body }, context) },
      ...createdWith(key, context),
    }
  },
})
