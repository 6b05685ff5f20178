// Renews every record under the current root key: its MAC, and the sealed values in its body. It works in batches while calls run, and skips records
// that are already under the current root, so it can be interrupted and restarted at any time.
import type { EventIndex } from '../actiontrail/lookup/event-index.ts'
import { NONCE_BYTES } from '../cryptography/xaes.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Recorded, update } from '../ledger/record.ts'
import type { RootWatch } from '../ledger/root-watch.ts'
import { type Scanned, scan, scanned } from '../ledger/scan.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { HEAD_PLACE, type RowKey, type Storage } from '../storage/storage.ts'
import { SEALED_KINDS } from './sealed-kinds.ts'

/** The size of a batch: small enough that calls wait only a few milliseconds on SQLite. */
const AT_ONCE = 100
/** The size of a batch that is only read. */
const READ_AT_ONCE = 1000

export interface Rooms {
  readonly storage: Storage
  readonly ledger: Pick<Ledger, 'commit' | 'moveHead'>
  readonly keys: RootKeys
  readonly eventIndex: EventIndex
  readonly ring: RootWatch
  readonly runtime: Pick<Runtime, 'randomBytes' | 'pause'>
}

/** Receives the progress of the walk: how many records it has seen, and how many there are. */
export type Progress = (seen: number, total: number) => void

export interface Walked {
  /** The number of records and parts of the event index that were under an older root, or changed before the walk could renew them. */
  readonly renewed: number
  /** The records that are not authentic under any root. They stay unchanged. */
  readonly forged: readonly RowKey[]
}

/** Walks through all records. Throws Unavailable when the database can't be reached; records renewed until then stay renewed. */
export async function walk(rooms: Rooms, progress: Progress, giveWay: () => Promise<void>): Promise<Walked> {
  const forged: RowKey[] = []
  let renewed = 0
  for await (const found of batches(rooms, AT_ONCE, progress, giveWay)) {
    const done = await Promise.all(found.map((scanned) => renew(scanned, rooms)))
    renewed += done.filter(Boolean).length
    forged.push(...found.filter(({ record }) => !record).map(({ key }) => key))
  }
  renewed += await rooms.eventIndex.renew(giveWay)
  return { renewed, forged }
}

/** Returns the records that are authentic under an older root, or contain a value that is sealed under one. Changes nothing. */
export async function straysOf(
  rooms: Rooms,
  progress: Progress,
  giveWay: () => Promise<void>,
): Promise<readonly RowKey[]> {
  const strays: RowKey[] = []
  for await (const found of batches(rooms, READ_AT_ONCE, progress, giveWay))
    for (const { record, current, key } of found)
      if (record && !(current && resealed(record, rooms) === record.body)) strays.push(key)
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

/** Renews a record if that is needed; returns whether it was. If the commit fails, the record is read again, because its state is then unknown. */
async function renew({ record, current, key }: Scanned, rooms: Rooms): Promise<boolean> {
  if (!record) return false
  const { ledger } = rooms
  if (key.kind === HEAD_PLACE.kind) {
    if (!current) await ledger.moveHead(key)
    return !current
  }
  const body = resealed(record, rooms)
  if (current && body === record.body) return false
  // Does not scrub, which would truncate the database's log with every batch. The commit that retires the older roots scrubs all of it.
  const outcome = await ledger.commit({ changes: [update(record, { body })], nonce: null, event: null })
  if (outcome !== 'committed') await renew(await scanned(key, rooms), rooms)
  return true
}

/** Returns the body with its value sealed under the current root; the same object when it already is, or has none. */
function resealed(record: Recorded<unknown>, { keys, runtime }: Pick<Rooms, 'keys' | 'runtime'>): unknown {
  const kind = SEALED_KINDS.get(record.kind)
  const place = kind?.placeOf(record)
  if (!kind || !place) return record.body
  const body = record.body as Readonly<Record<string, string>>
  const opened = keys.openUnder(place, Buffer.from(body[kind.member] ?? '', 'base64'))
  // A value that opens under no root (of another store, or altered) stays unchanged: a dropped root would not have opened it either.
  if (!opened) return body
  try {
    if (opened.root === keys.current) return body
    const sealed = keys.seal(place, runtime.randomBytes(NONCE_BYTES), opened.plaintext)
    return { ...body, [kind.member]: sealed.toString('base64') }
  } finally {
    opened.plaintext.fill(0)
  }
}
