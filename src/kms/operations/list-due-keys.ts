import { integer, optional } from '../../api/parameters.ts'
import { isoSeconds } from '../../api/time.ts'
import { containerResource, keyArn } from '../key-resource.ts'
import { searchKeys } from '../key-search.ts'
import { at } from '../key-state.ts'
import { type KmsContext, operation } from '../operation.ts'
import { pageSize } from '../parameters.ts'
import type { CmkBody, KeyState } from '../records.ts'

const DAY_MS = 86_400_000
/** How many keys in each of the two states a call reads at most, all at once. */
const MOST = 2000

interface DueKey {
  readonly id: string
  readonly what: 'Deletion' | 'MaterialExpiry'
  readonly at: number
}

export const ListDueKeys = operation({
  name: 'ListDueKeys',
  summary:
    'Lists the keys of the region that will be deleted, or whose imported material will expire, within WithinDays days; the earliest first. Covers the 2,000 oldest keys in PendingDeletion and the 2,000 oldest keys without material at the end of that time; IsTruncated says that there are more. Not in the cloud.',
  parameters: { WithinDays: optional(integer({ min: 1, max: 366 }), 30), PageSize: pageSize },
  access: 'Read',
  trail: { show: ['WithinDays', 'PageSize'], reply: [] },
  refusals: [],
  async locate(_, context) {
    return [containerResource('key', context)]
  },
  async decide({ WithinDays, PageSize }, context) {
    const { now } = context
    const until = now + WithinDays * DAY_MS
    const deleted = await oldestIn('PendingDeletion', now, context)
    // A key whose material expires by then is in PendingImport at that moment.
    const expiring = await oldestIn('PendingImport', until, context)
    const due = [...deleted.records, ...expiring.records].flatMap(({ id, body }) => dueIn(id, at(body, now), until))
    const first = due.toSorted((a, b) => a.at - b.at).slice(0, PageSize)
    const keys = first.map(({ id, what, at: moment }) => ({
      KeyId: id,
      KeyArn: keyArn(id, context),
      Due: what,
      DueDate: isoSeconds(moment),
    }))
    const IsTruncated = deleted.total > MOST || expiring.total > MOST
    return { reply: { Keys: { Key: keys }, TotalCount: due.length, IsTruncated }, changes: [] }
  },
})

/** The oldest keys of the region that are in a state at a moment, now or later, and the count of all such keys. */
function oldestIn(state: KeyState, when: number, context: KmsContext) {
  const wanted = { properties: new Map([['KeyState', [state]] as const]), text: '', tags: [] }
  return searchKeys(wanted, { offset: 0, limit: MOST }, { ...context, now: when })
}

/** The deletion of the key, or else the expiry of its material, if it happens at `until` or before. */
function dueIn(id: string, body: CmkBody | null, until: number): DueKey[] {
  const { deleteAt = null, materialExpiresAt = null, state } = body ?? {}
  if (deleteAt !== null) return deleteAt <= until ? [{ id, what: 'Deletion', at: deleteAt }] : []
  const hasMaterial = state === 'Enabled' || state === 'Disabled'
  if (materialExpiresAt === null || !hasMaterial || materialExpiresAt > until) return []
  return [{ id, what: 'MaterialExpiry', at: materialExpiresAt }]
}
