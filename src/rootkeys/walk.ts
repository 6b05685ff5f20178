// Brings every record under the current root key: its MAC, and what is sealed inside its body. Batch by batch, behind the calls;
// what is under the current root already is passed over, so that it may be interrupted and begun again at any time.
import type { EventIndex } from '../actiontrail/lookup/event-index.ts'
import { NONCE_BYTES } from '../cryptography/xaes.ts'
import { randomBytes } from '../keystore/random.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Recorded, update } from '../ledger/record.ts'
import type { RootWatch } from '../ledger/root-watch.ts'
import { renewHead, type Scanned, scan } from '../ledger/scan.ts'
import { HEAD_PLACE, type RowKey, type Storage } from '../storage/storage.ts'
import { SEALED_KINDS, type SealAnew } from './sealed-kinds.ts'

/** Few enough that on SQLite the calls of a server wait some milliseconds at the most. */
const AT_ONCE = 100
/** Where nothing is written. */
const READ_AT_ONCE = 1000

export interface Rooms {
  readonly storage: Storage
  readonly ledger: Ledger
  readonly keys: RootKeys
  readonly eventIndex: EventIndex
  readonly ring: RootWatch
}

/** Told how far it is: records seen, and how many there are. */
export type Progress = (seen: number, total: number) => void

export interface Walked {
  /** Records, and parts of the event index, that were under an older root, or moved before they could be brought along. */
  readonly renewed: number
  /** Records that are authentic under no root: they were left as they are. */
  readonly forged: readonly RowKey[]
}

/** Throws Unavailable when the database can't be reached; what was done stays done. */
export async function walk(rooms: Rooms, progress: Progress, giveWay: () => Promise<void>): Promise<Walked> {
  const forged: RowKey[] = []
  let renewed = 0
  for await (const found of batches(rooms, AT_ONCE, progress, giveWay)) {
    const done = await Promise.all(found.map((one) => renew(one, rooms)))
    renewed += done.filter(Boolean).length
    forged.push(...found.filter(({ record }) => !record).map(({ key }) => key))
  }
  renewed += await rooms.eventIndex.renew(giveWay)
  return { renewed, forged }
}

/** The records that are authentic under an older root, or hold a value that is sealed under one. Changes nothing. */
export async function straysOf(
  rooms: Rooms,
  progress: Progress,
  giveWay: () => Promise<void>,
): Promise<readonly RowKey[]> {
  const strays: RowKey[] = []
  for await (const found of batches(rooms, READ_AT_ONCE, progress, giveWay))
    for (const { record, current, key } of found)
      if (record && !(current && bodyAnew(record, rooms.keys) === record.body)) strays.push(key)
  return strays
}

async function* batches(rooms: Rooms, atOnce: number, progress: Progress, giveWay: () => Promise<void>) {
  const total = await rooms.storage.size()
  let seen = 0
  for (let last: RowKey | null = null; ; ) {
    const found: readonly Scanned[] = await scan(rooms, last, atOnce)
    yield found
    seen += found.length
    progress(seen, total)
    last = found.at(-1)?.key ?? null
    if (!last || found.length < atOnce) return
    await giveWay()
  }
}

/** Whether there was something to do. A record that moved meanwhile was written by a server, under the current root. */
async function renew({ record, current, key }: Scanned, rooms: Rooms): Promise<boolean> {
  if (!record) return false
  if (key.kind === HEAD_PLACE.kind) return !current && renewHead(rooms)
  const body = bodyAnew(record, rooms.keys)
  if (current && body === record.body) return false
  // Nothing is scrubbed here: the log would be emptied with every batch. The commit that retires the older roots scrubs it all.
  await rooms.ledger.commit({ changes: [update(record, { body })], nonce: null, event: null })
  return true
}

/** The body with what it holds sealed under the current root; the same body when all of it is. */
function bodyAnew(record: Recorded<unknown>, keys: RootKeys): unknown {
  const anew: SealAnew = (place, sealed) => {
    const opened = keys.openUnder(place, Buffer.from(sealed, 'base64'))
    // What opens under no root of the ring loses nothing when one is dropped: it is another store's, or was altered.
    if (!opened) return sealed
    try {
      if (opened.root === keys.current) return sealed
      return keys.seal(place, randomBytes(NONCE_BYTES), opened.plaintext).toString('base64')
    } finally {
      opened.plaintext.fill(0)
    }
  }
  return SEALED_KINDS.get(record.kind)?.sealAnew(record, anew) ?? record.body
}
