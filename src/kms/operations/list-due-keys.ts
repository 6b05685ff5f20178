import { integer, optional } from '../../api/parameters.ts'
import { isoSeconds } from '../../api/time.ts'
import { containerResource, keyArn } from '../key-name.ts'
import { keysSought } from '../key-search.ts'
import { at } from '../key-state.ts'
import { type KmsContext, operation } from '../operation.ts'
import { pageSize } from '../parameters.ts'
import { CMK, type CmkBody, type KeyState } from '../records.ts'

const DAY_MS = 86_400_000
const AT_ONCE = 1000

interface DueKey {
  readonly id: string
  readonly what: 'Deletion' | 'MaterialExpiry'
  readonly at: number
}

export const ListDueKeys = operation({
  name: 'ListDueKeys',
  summary:
    'Lists the keys of the region that are deleted, or whose imported material expires, within some days; the first to come first. Not in the cloud.',
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
    let first: DueKey[] = []
    let total = 0
    // A key whose material expires until then is found as one that waits for material at that moment.
    for (const [state, when] of [['PendingDeletion', now] as const, ['PendingImport', until] as const])
      for await (const records of keysIn(state, when, context)) {
        const due = records.flatMap(({ id, body }) => dueIn(id, at(body, now), until))
        total += due.length
        first = [...first, ...due].toSorted((a, b) => a.at - b.at).slice(0, PageSize)
      }
    const keys = first.map(({ id, what, at: moment }) => ({
      KeyId: id,
      KeyArn: keyArn(id, context),
      Due: what,
      DueDate: isoSeconds(moment),
    }))
    return { reply: { Keys: { Key: keys }, TotalCount: total }, changes: [] }
  },
})

/** All keys of the region that are in a state at a moment, now or later, some at a time. */
async function* keysIn(state: KeyState, when: number, { ledger, scope, caller }: KmsContext) {
  const wanted = { properties: new Map([['KeyState', [state]] as const]), text: '', tags: [] }
  const sought = keysSought(wanted, { caller, now: when })
  for (let offset = 0; sought; offset += AT_ONCE) {
    const { records } = await ledger.search(CMK, scope, sought, { offset, limit: AT_ONCE })
    yield records
    if (records.length < AT_ONCE) return
  }
}

/** What happens to the key first, if it happens until then. */
function dueIn(id: string, body: CmkBody | null, until: number): DueKey[] {
  const { deleteAt = null, materialExpiresAt = null, state } = body ?? {}
  if (deleteAt !== null) return deleteAt <= until ? [{ id, what: 'Deletion', at: deleteAt }] : []
  const hasMaterial = state === 'Enabled' || state === 'Disabled'
  if (materialExpiresAt === null || !hasMaterial || materialExpiresAt > until) return []
  return [{ id, what: 'MaterialExpiry', at: materialExpiresAt }]
}
