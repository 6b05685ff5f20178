import { findKey, keyIdOrAlias } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { keyVersionAnswer } from '../metadata.ts'
import { operation } from '../operation.ts'
import { pageNumber, pageOf, pageSize, paging } from '../parameters.ts'
import { VERSION } from '../records.ts'

export const ListKeyVersions = operation({
  name: 'ListKeyVersions',
  summary: 'Lists the versions of a CMK, the newest first.',
  parameters: { KeyId: keyIdOrAlias, PageNumber: pageNumber, PageSize: pageSize },
  access: 'Read',
  trail: { show: ['KeyId', 'PageNumber', 'PageSize'], reply: [] },
  refusals: ['Forbidden.KeyNotFound', 'Forbidden.AliasNotFound'],
  locate: locateKey,
  async decide(values, context) {
    const { record } = await findKey(values.KeyId, context, 'id or alias')
    const { ledger, scope } = context
    const counted = await ledger.count(VERSION, scope, record.id)
    // The ledger lists the oldest first: read the page from the end, and reverse it.
    const { offset, limit } = pageOf(values)
    const end = Math.max(0, counted - offset)
    const from = Math.max(0, end - limit)
    const where = { parent: record.id, offset: from, limit: end - from }
    const { records } = end === 0 ? { records: [] } : await ledger.page(VERSION, scope, where)
    return {
      reply: { KeyVersions: { KeyVersion: records.toReversed().map(keyVersionAnswer) }, ...paging(values, counted) },
      changes: [],
    }
  },
})
