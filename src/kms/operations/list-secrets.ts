import type { Reply } from '../../api/operation.ts'
import { optional } from '../../api/parameters.ts'
import { isoSeconds } from '../../api/time.ts'
import type { FoundRecords } from '../../ledger/search.ts'
import { containerResource } from '../key-resource.ts'
import { type KmsContext, operation } from '../operation.ts'
import { flag, pageNumber, pageOf, pageSize, paging } from '../parameters.ts'
import { SECRET, type Secret, type SecretBody } from '../secrets/records.ts'
import { plannedDeletion, secretTags } from '../secrets/replies.ts'
import { NO_FILTERS, type SecretFilters, secretFilters } from '../secrets/secret-filters.ts'
import { everySecretResource, secretOrNull } from '../secrets/secret-name.ts'
import { secretsSought } from '../secrets/secret-search.ts'

export const ListSecrets = operation({
  name: 'ListSecrets',
  summary: 'Lists the secrets of the account in the region, in the order of their creation.',
  parameters: {
    PageNumber: pageNumber,
    PageSize: pageSize,
    FetchTags: flag,
    Filters: optional(secretFilters, NO_FILTERS),
  },
  access: 'Read',
  trail: { show: ['PageNumber', 'PageSize', 'Filters', 'FetchTags'], reply: [] },
  refusals: [],
  async locate({ Filters: { wanted } }, context) {
    // ListSecrets shows names, types and tags. A filter on members that only DescribeSecret shows needs that permission.
    const readsMore = wanted.text !== '' || wanted.description !== null || wanted.encryptionKeyId !== null
    const described = { ...everySecretResource(context), action: 'kms:DescribeSecret' }
    return [containerResource('secret', context), ...(readsMore ? [described] : [])]
  },
  async decide(values, context) {
    const { records, total } = await found(values.Filters, pageOf(values), context)
    const secrets = records.map((secret) => replyOf(secret, values.FetchTags, context))
    return { reply: { SecretList: { Secret: secrets }, ...paging(values, total) }, changes: [] }
  },
})

type Page = { readonly offset: number; readonly limit: number }

async function found(filters: SecretFilters, page: Page, context: KmsContext): Promise<FoundRecords<SecretBody>> {
  const { ledger, scope } = context
  if (filters === NO_FILTERS) return ledger.page(SECRET, scope, page)
  const sought = filters.isNone ? null : secretsSought(filters.wanted, context)
  if (!sought) return { records: [], total: 0 }
  if (!filters.names) return ledger.search(SECRET, scope, sought, page)
  const named: Secret[] = []
  for (const name of new Set(filters.names)) {
    const record = (await secretOrNull(name, context))?.record
    if (record?.id === name && (await sought.holds(record, async () => []))) named.push(record)
  }
  const ordered = named.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
  return { records: ordered.slice(page.offset, page.offset + page.limit), total: ordered.length }
}

function replyOf({ id, createdAt, body }: Secret, fetchTags: boolean, context: KmsContext): Reply {
  return {
    SecretName: id,
    SecretType: body.secretType,
    CreateTime: isoSeconds(createdAt),
    UpdateTime: isoSeconds(body.updatedAt),
    ...plannedDeletion(body),
    ...(fetchTags ? secretTags(body, context) : {}),
  }
}
