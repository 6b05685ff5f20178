// Events about the root keys, one in the trail of each account. The commit that changes the root keys notes in the installation record that an event
// is due. Each later commit adds the events of some accounts, and notes up to which account. So each account gets the event exactly once, although
// processes end at any moment and several record at the same time.
import type { Ledger } from '../ledger/ledger.ts'
import { update } from '../ledger/record.ts'
import { storedServiceWork } from '../ledger/stored-event.ts'
import type { Accounts } from '../ram/account.ts'
import type { Randomness } from '../runtime/runtime.ts'
import type { DueEvent } from './installation-record.ts'
import type { LiveRing } from './live-ring.ts'

/** A batch of calls has about as many events, so this commit makes calls wait no longer than a batch does. */
const ACCOUNTS_AT_ONCE = 500

export interface RecordingRooms {
  readonly ledger: Pick<Ledger, 'commit'>
  readonly accounts: Pick<Accounts, 'idsAfter'>
  readonly runtime: Pick<Randomness, 'newId'>
}

/** Records all events that are due as of the last look, also those of other processes. Throws when the database can't be read or written. */
export async function recordDueEvents(
  ring: Pick<LiveRing, 'record' | 'look'>,
  { ledger, accounts, runtime }: RecordingRooms,
): Promise<void> {
  for (;;) {
    const { record } = ring
    const [due, ...later] = record.body.dueEvents ?? []
    if (!due) return
    const ids = await accounts.idsAfter(due.recordedUpTo, ACCOUNTS_AT_ONCE)
    const recordedUpTo = ids.at(-1) ?? due.recordedUpTo
    const dueEvents = ids.length < ACCOUNTS_AT_ONCE ? later : [{ ...due, recordedUpTo }, ...later]
    const [event = null, ...further] = ids.map((account) => eventOf(due, account, runtime))
    // If another process was faster, the record has changed: this commit stores nothing, and the look shows the accounts that are left.
    await ledger.commit({
      changes: [update(record, { body: { ...record.body, dueEvents } })],
      nonce: null,
      event,
      further,
    })
    await ring.look()
  }
}

/** A change of the root keys is made, and only its event is still due. */
export class Unrecorded extends Error {}

/**
 * Records all events that are due after a change of the root keys, as recordDueEvents. When that fails, throws Unrecorded, which says by `change`
 * what is done nevertheless: whoever takes the change for failed would make it twice.
 */
export async function recordDone(change: string, ...where: Parameters<typeof recordDueEvents>): Promise<void> {
  try {
    await recordDueEvents(...where)
  } catch (error) {
    const why = error instanceof Error ? error.message : error
    throw new Unrecorded(
      `${change}, but the event about that is not recorded yet (${why}): a running server records it, or the next start of a server, \`root-key rotate --resume\` or \`root-key change-provider\``,
      { cause: error },
    )
  }
}

function eventOf({ name, region, at }: DueEvent, account: string, runtime: RecordingRooms['runtime']) {
  return { eventId: runtime.newId(), account, region, at, body: storedServiceWork(name, []) }
}
