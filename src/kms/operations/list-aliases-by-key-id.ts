import { aliasPage } from '../alias-page.ts'
import { findKey, keyId } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { operation } from '../operation.ts'
import { pageNumber, pageSize } from '../parameters.ts'

export const ListAliasesByKeyId = operation({
  name: 'ListAliasesByKeyId',
  summary: 'Lists the aliases that point to a CMK.',
  parameters: { KeyId: keyId, PageNumber: pageNumber, PageSize: pageSize },
  access: 'Read',
  trail: { show: ['KeyId', 'PageNumber', 'PageSize'], reply: [] },
  refusals: ['Forbidden.KeyNotFound', 'Unsupported.Alias'],
  locate: locateKey,
  async decide(values, context) {
    const { record } = await findKey(values.KeyId, context, 'id')
    return { reply: await aliasPage(values, record.id, context), changes: [] }
  },
})
