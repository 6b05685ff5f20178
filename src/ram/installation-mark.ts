// The installation record's statement about the first account. The record is authenticated, every database has one, and every commit is checked
// against it, so it decides whether a start is the first one.
import type { Committed } from '../ledger/call.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Change, type Recorded, update } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { EventRow } from '../storage/storage.ts'

interface Mark {
  /** null before the first account exists; absent in databases of releases that did not record it. */
  readonly firstAccount?: string | null
}

/** The installation's record as it was last seen. */
export interface InstallationMark {
  readonly record: Recorded<Mark>
  look(): Promise<void>
}

/** How many attempts a change gets while other processes change the same records. */
export const TRIES = 10

/** A decided change. */
export interface Marked {
  readonly changes: readonly Change[]
  readonly mark?: Mark
  readonly events?: readonly EventRow[]
}

/**
 * Decides and commits, with the mark in the same transaction. Decides again when a record changed that `decide` read through its view, even if
 * `decide` threw, since it may have read a mix of old and new records. Throws when other processes keep changing the records.
 */
export async function commitMarked<T>(
  ledger: Ledger,
  installation: InstallationMark,
  decide: (view: LedgerView) => Promise<{ readonly result: T; readonly change: Marked | null }>,
): Promise<T> {
  for (let tries = 0; tries < TRIES; tries++) {
    const view = ledger.view()
    const decided = await decide(view).catch(async (error: unknown) => {
      if (await ledger.confirms(view)) throw error
      return null
    })
    if (!decided) continue
    const { result, change } = decided
    if (!change) return result
    const { changes, mark, events: [event = null, ...further] = [] } = change
    const { record } = installation
    const marks = mark ? [update(record, { body: { ...record.body, ...mark } })] : []
    const all = [...changes, ...marks]
    const outcome: Committed = await ledger.commit({ changes: all, nonce: null, event, further, view })
    if (marks.length > 0 || outcome !== 'committed') await installation.look()
    if (outcome === 'committed') return result
  }
  throw keepChanging()
}

export function keepChanging(): Error {
  return new Error('other processes keep changing the same records: try again')
}
