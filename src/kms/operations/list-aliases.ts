import { aliasPage } from '../alias-page.ts'
import { containerResource } from '../key-resource.ts'
import { operation } from '../operation.ts'
import { pageNumber, pageSize } from '../parameters.ts'

export const ListAliases = operation({
  name: 'ListAliases',
  summary: 'Lists the aliases of the account in the region.',
  parameters: { PageNumber: pageNumber, PageSize: pageSize },
  access: 'Read',
  trail: { show: ['PageNumber', 'PageSize'], reply: [] },
  refusals: [],
  async locate(_, context) {
    return [containerResource('alias', context)]
  },
  async decide(values, context) {
    return { reply: await aliasPage(values, null, context), changes: [] }
  },
})
