// What the installation's record says about accounts: it is authentic, every database has one, and all that is committed is held
// against it. So it decides whether a start is the first.
import type { Committed } from '../ledger/call.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Change, type Recorded, update } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { EventRow } from '../storage/storage.ts'

interface Mark {
  /** null before there was an account; absent in databases from before this was written down. */
  readonly firstAccount?: string | null
}

/** The installation's record as it was last seen. */
export interface InstallationMark {
  readonly record: Recorded<Mark>
  look(): Promise<void>
}

/** How often a change is decided again while others change the same records. */
const TRIES = 10

/** What a change is decided to be; null for nothing. */
export interface Marked {
  readonly changes: readonly Change[]
  readonly mark?: Mark
  readonly events?: readonly EventRow[]
}

/**
 * Decides and commits, with the mark in the same transaction. Decides again when something changed that `decide` read through its view, also
 * when it throws: what it read may be half old, half new. Throws when other processes keep changing the records.
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
  throw new Error('other processes keep changing the same records: try again')
}
