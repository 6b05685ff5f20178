// A server's part in the changes of others: it follows them once a second, so that what they destroyed leaves its memory though no call comes;
// and it drops retired root keys when they are due.
import type { Alarm } from '../ledger/alarm.ts'
import { dropIsDue, dropRetired, Strays } from '../rootkeys/rotation.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { OpenHouse } from './open.ts'
import { recordServiceWork } from './service-work.ts'

const LOOK_MS = 1000
/** How long a drop that failed waits before the next: it reads every record. */
const DROP_AGAIN_MS = 3_600_000

type Rooms = Pick<OpenHouse, 'storage' | 'ring' | 'ledger' | 'accounts' | 'eventIndex' | 'runtime'>

/** Follows changes, and looks after the root keys, once a second until `stop`. The same trouble is reported once, until it is over. */
export async function watchRing(rooms: Rooms, stop: AbortSignal, alarm: Alarm): Promise<void> {
  const { ring, runtime } = rooms
  let [troubled, dropAt] = [false, 0]
  let dropping: Promise<void> | null = null
  while (!stop.aborted) {
    await runtime.pause(LOOK_MS, stop)
    if (stop.aborted) break
    try {
      await rooms.ledger.follow()
      await ring.look()
      troubled = false
    } catch (error) {
      if (!troubled) alarm("the root keys can't be read: nothing is committed until they can", error)
      troubled = true
      continue
    }
    const now = runtime.now()
    if (dropping || now < dropAt || !dropIsDue(ring, now)) continue
    dropAt = now + DROP_AGAIN_MS
    dropping = drop(rooms, stop)
      .catch((error: unknown) => {
        if (!stop.aborted)
          alarm('retired root keys could not be dropped: the next attempt is in an hour', detailed(error))
      })
      .finally(() => {
        dropping = null
      })
  }
  await dropping
}

async function drop(rooms: Rooms, stop: AbortSignal): Promise<void> {
  const { ring, runtime } = rooms
  const giveWay = async () => {
    if (stop.aborted) throw new Error('the server stops')
    await breathe(runtime)
  }
  const pace = { now: () => runtime.now(), settleMs: 0, progress: () => {}, giveWay }
  if (await dropRetired(ring, { ...rooms, keys: ring.keys }, pace))
    await recordServiceWork('DropRetiredRootKeys', rooms)
}

/** The error with some of the records that it is about, and what to do about them. */
function detailed(error: unknown): unknown {
  if (!(error instanceof Strays)) return error
  const names = error.records.slice(0, 10).map(({ kind, account, region, id }) => `${kind}/${account}/${region}/${id}`)
  return new Error(`${error.message} (${names.join(', ')}): see \`strongroom root-key rotate --drop-now\``, {
    cause: error,
  })
}

/** Leaves the event loop and the database to calls for a moment. */
export const breathe = (runtime: Pick<Runtime, 'pause'>) => runtime.pause(5)
