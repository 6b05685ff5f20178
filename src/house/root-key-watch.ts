// Follows the changes of other servers once a second, so that what they destroyed leaves this server's memory even when no call comes.
// Drops retired root keys when they are due.
import { Unrecorded } from '../rootkeys/due-events.ts'
import { dropIsDue, dropRetired, Strays } from '../rootkeys/rotation.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { OpenHouse } from './open.ts'
import { type Loop, repeat } from './repeat.ts'

const LOOK_MS = 1000
/** The pause after a drop of root keys began: a drop reads every record. */
const DROP_AGAIN_MS = 3_600_000

type Rooms = Pick<OpenHouse, 'storage' | 'ring' | 'ledger' | 'accounts' | 'eventIndex' | 'runtime' | 'region'>

/** Follows changes, and looks at the root keys, once a second until the loop stops. */
export async function watchRing(rooms: Rooms, loop: Loop): Promise<void> {
  const { ring, ledger } = rooms
  const { runtime, stop, alarm } = loop
  let dropAt = 0
  let dropping: Promise<void> | null = null
  const look = async () => {
    await ledger.follow()
    await ring.look()
    const now = runtime.now()
    if (dropping || now < dropAt || !dropIsDue(ring, now)) return
    dropAt = now + DROP_AGAIN_MS
    dropping = drop(rooms, stop)
      .catch((error: unknown) => {
        // Other work records the events that are due, and reports why it can't.
        if (!stop.aborted && !(error instanceof Unrecorded))
          alarm('retired root keys could not be dropped: the next attempt is in an hour', detailed(error))
      })
      .finally(() => {
        dropping = null
      })
  }
  await runtime.pause(LOOK_MS, stop)
  await repeat(LOOK_MS, loop, look, "changes and root keys can't be read: nothing is committed until they can")
  await dropping
}

async function drop(rooms: Rooms, stop: AbortSignal): Promise<void> {
  const { ring, runtime } = rooms
  const giveWay = async () => {
    if (stop.aborted) throw new Error('the server stops')
    await breathe(runtime)
  }
  const pace = { now: () => runtime.now(), settleMs: 0, progress: () => {}, giveWay }
  await dropRetired(ring, { ...rooms, keys: ring.keys }, pace)
}

/** The error with up to ten of the records that it is about, and with the remedy. */
function detailed(error: unknown): unknown {
  if (!(error instanceof Strays)) return error
  const names = error.records.slice(0, 10).map(({ kind, account, region, id }) => `${kind}/${account}/${region}/${id}`)
  return new Error(`${error.message} (${names.join(', ')}): see \`strongroom root-key rotate --drop-now\``, {
    cause: error,
  })
}

/** Pauses for 5 ms, so that calls get the event loop and the database. */
export const breathe = (runtime: Pick<Runtime, 'pause'>) => runtime.pause(5)
