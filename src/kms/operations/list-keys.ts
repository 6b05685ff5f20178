import { json, optional } from '../../api/parameters.ts'
import { containerResource, keyArn } from '../key-name.ts'
import { at } from '../key-state.ts'
import { type KmsContext, operation } from '../operation.ts'
import { pageNumber, pageOf, pageSize, paging } from '../parameters.ts'
import { CMK, type Cmk, type CmkBody } from '../records.ts'

/** The keys of filters, and the value of a CMK for each. */
const FILTERS: ReadonlyMap<string, (body: CmkBody) => string> = new Map<string, (body: CmkBody) => string>([
  ['KeyState', (body) => body.state],
  ['KeySpec', (body) => body.keySpec],
  ['KeyUsage', (body) => body.keyUsage],
  ['ProtectionLevel', (body) => body.protectionLevel],
  ['CreatorType', () => 'User'],
  ['DKMSInstanceId', () => ''],
])

/** The values to match, by filter. A key matches a filter by any one of its values. */
type Filters = ReadonlyMap<string, readonly string[]>

const filters = json<Filters>({
  max: 65_536,
  rule: `A JSON array of at most 10 entries like {"Key":"KeyState","Values":["Enabled"]}, each with at most 10 values; keys are ${[...FILTERS.keys()].join(', ')}.`,
  check(value) {
    if (!Array.isArray(value) || value.length > 10) return null
    const wanted = new Map<string, string[]>()
    for (const entry of value as unknown[]) {
      const { Key: key, Values: values } = (entry ?? {}) as Record<string, unknown>
      if (typeof key !== 'string' || !FILTERS.has(key) || !Array.isArray(values) || values.length > 10) return null
      if (!values.every((one): one is string => typeof one === 'string')) return null
      wanted.set(key, [...(wanted.get(key) ?? []), ...values])
    }
    return wanted
  },
})

export const ListKeys = operation({
  name: 'ListKeys',
  summary: 'Lists the CMKs of the account in the region, in the order of their creation.',
  parameters: { PageNumber: pageNumber, PageSize: pageSize, Filters: optional(filters, new Map() as Filters) },
  access: 'Read',
  trail: { show: ['PageNumber', 'PageSize', 'Filters'], reply: [] },
  refusals: [],
  async locate(_, context) {
    return [containerResource('key', context)]
  },
  async decide(values, context) {
    const page = pageOf(values)
    const { records, total } =
      values.Filters.size === 0
        ? await context.ledger.page(CMK, context.scope, page)
        : await filtered(values.Filters, page, context)
    const keys = records.map(({ id }) => ({ KeyId: id, KeyArn: keyArn(id, context) }))
    return { reply: { Keys: { Key: keys }, ...paging(values, total) }, changes: [] }
  },
})

/** Reads all keys of the scope in steps and returns the requested page of those that match. */
async function filtered(wanted: Filters, { offset, limit }: { offset: number; limit: number }, context: KmsContext) {
  const records: Cmk[] = []
  let total = 0
  for await (const step of context.ledger.byCreation(CMK, context.scope))
    for (const record of step) {
      const body = at(record.body, context.now)
      if (!body || ![...wanted].every(([key, values]) => values.includes(FILTERS.get(key)?.(body) ?? ''))) continue
      if (total >= offset && total < offset + limit) records.push(record)
      total++
    }
  return { records, total }
}
