import type { Resource } from '../../api/operation.ts'
import { optional } from '../../api/parameters.ts'
import { type KeyFilters, keyFilters, NO_FILTERS } from '../key-filters.ts'
import { containerResource, everyKeyResource, keyArn } from '../key-resource.ts'
import { NO_KEYS, searchKeys, type WantedKeys } from '../key-search.ts'
import { type KmsContext, operation } from '../operation.ts'
import { pageNumber, pageOf, pageSize, paging } from '../parameters.ts'
import { CMK } from '../records.ts'

export const ListKeys = operation({
  name: 'ListKeys',
  summary: 'Lists the CMKs of the account in the region, in the order of their creation.',
  parameters: { PageNumber: pageNumber, PageSize: pageSize, Filters: optional(keyFilters, NO_FILTERS) },
  access: 'Read',
  trail: { show: ['PageNumber', 'PageSize', 'Filters'], reply: [] },
  refusals: [],
  async locate({ Filters }, context) {
    return [containerResource('key', context), ...restsOn(Filters.wanted, context)]
  },
  async decide(values, context) {
    const page = pageOf(values)
    const { records, total } = await found(values.Filters, page, context)
    const keys = records.map(({ id }) => ({ KeyId: id, KeyArn: keyArn(id, context) }))
    return { reply: { Keys: { Key: keys }, ...paging(values, total) }, changes: [] }
  },
})

/**
 * The permissions that a search needs beside ListKeys: its result reveals what the filters look at, so the caller must be allowed to read
 * that. The properties of the cloud's filters need no further permission.
 */
function restsOn(wanted: WantedKeys | null, context: KmsContext): readonly Resource[] {
  const { text = '', properties, tags = [] } = wanted ?? {}
  const everyKey = everyKeyResource(context)
  return [
    ...(text !== '' || properties?.has('Origin') ? [{ ...everyKey, action: 'kms:DescribeKey' }] : []),
    ...(text !== '' ? [{ ...containerResource('alias', context), action: 'kms:ListAliases' }] : []),
    ...(tags.length > 0 ? [{ ...everyKey, action: 'kms:ListResourceTags' }] : []),
  ]
}

function found(filters: KeyFilters, page: { offset: number; limit: number }, context: KmsContext) {
  if (filters === NO_FILTERS) return context.ledger.page(CMK, context.scope, page)
  return filters.wanted ? searchKeys(filters.wanted, page, context) : NO_KEYS
}
