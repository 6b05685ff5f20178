// The chains of events, one in each lane. Each event's hash covers the hash of the event before it, and a head stores where the lane ends
// (docs/reference/trail-formats.md). The head is an authenticated record, so nobody can move it without the root key.
import { hash } from 'node:crypto'
import type { RootKeys } from '../keystore/root-keys.ts'
import { countIn, laneOf, laneStart } from '../storage/lane.ts'
import {
  type Chaining,
  type EventRow,
  HEAD_PLACE,
  type Head,
  type Heads,
  type Row,
  type RowKey,
} from '../storage/storage.ts'
import { Forged, fromRow, type Recorded, toRow, update } from './record.ts'

/** The head of lane 0 before its first event. */
export const GENESIS: Head = { seq: 0, hash: hash('sha256', 'strongroom/event-chain/1', 'base64url') }

/** The head of a lane before its first event. */
export function genesisOf(lane: number): Head {
  return { seq: laneStart(lane), hash: GENESIS.hash }
}

/** The head of a lane among heads; its genesis where the heads do not name the lane. */
export function headIn(heads: Heads, lane: number): Head {
  return heads[lane] ?? genesisOf(lane)
}

/**
 * The hash of an event: SHA-256 over the previous hash and all columns of the event, one per line; Base64url, 43 characters. The last line
 * is the change number under which the event was decided. Events of earlier releases have none (null), and no such line. INVARIANT: no
 * column of a recorded event contains a line break, so no other columns give the same text.
 */
export function link(
  previous: string,
  seq: number,
  { eventId, account, region, at, body }: EventRow,
  change: number | null,
): string {
  const decided = change === null ? '' : `\n${change}`
  return hash('sha256', `${previous}\n${seq}\n${eventId}\n${account}\n${region}\n${at}\n${body}${decided}`, 'base64url')
}

/** The id of the record that stores the head of a lane. */
export function headId(lane: number): string {
  return lane === 0 ? HEAD_PLACE.id : `lane-${lane}`
}

/** The lane whose head the record with this id stores. */
export function laneOfHead(id: string): number {
  return id === HEAD_PLACE.id ? 0 : Number(id.slice('lane-'.length))
}

/** The row of `head`, for a new database or a new lane; `now` is milliseconds since 1970. */
export function firstHead(head: Head, now: number, keys: RootKeys, holder?: string): Row {
  const place = { ...HEAD_PLACE, id: headId(laneOf(head.seq)) }
  const body = recorded(head, keys, holder)
  return toRow({ ...place, parent: null, createdAt: now, dueAt: null, revision: 1, body }, keys)
}

function recorded({ seq, hash }: Head, { generation }: RootKeys, holder: string | undefined): RecordedHead {
  return { seq, hash, ring: generation, ...(holder !== undefined && { holder }) }
}

/**
 * The body of a head's record. `ring` is the generation of the root keys that last moved the head; absent in older databases. `holder` is
 * the server that records in the lane; absent without one.
 */
type RecordedHead = Head & { readonly ring?: number; readonly holder?: string }

/**
 * The generation of the root keys that last moved a head. To bring dropped root keys back into use, an attacker would restore an older
 * installation record; this number forces the attacker to restore older heads as well, which cuts the trail. Throws Forged.
 */
export function generationOf(row: Row, keys: RootKeys): number {
  return fromRow<RecordedHead>(row, keys).body.ring ?? 0
}

/** The server that holds this row's lane, or null. Throws Forged. */
export function holderOf(row: Row, keys: RootKeys): string | null {
  return fromRow<RecordedHead>(row, keys).body.holder ?? null
}

/** The row with the same head and another holder, or none. Throws Forged. */
export function heldBy(row: Row, holder: string | null, keys: RootKeys): Row {
  const record = fromRow<RecordedHead>(row, keys)
  return toRow(update(record, { body: recorded(record.body, keys, holder ?? undefined) }).after, keys)
}

/** The trail in the database ends before an event that this server saw: somebody restored an older copy of the database. */
export class Rewound extends Forged {}

/** Another server holds this server's lane, or the lane is free. This server must take another lane. */
export class LaneLost extends Error {}

/** The chaining of one batch. */
interface BatchChaining extends Chaining {
  /** Called when the batch's last event is stored: from now on, a head before that event is refused. */
  acknowledged(): void
}

export interface WatchfulChaining extends Chaining {
  /** Records in this lane from now on, as `holder`. Before the first call, the lane is 0, where every process may record. */
  hold(lane: number, holder: string): void
  /** The newest heads that this server has seen. */
  seen(): Heads
  /** The head of a row that was read after this server saw the head `before`. Throws Forged, or Rewound when the row's head is older. */
  headAfter(row: Row, before: Head): Head
  /** The chaining of a batch whose last event is `last`. */
  endingWith(last: EventRow | null): BatchChaining
}

/** Chains events under these keys. `headOf` throws Forged for a row that is not authentic, Rewound, or LaneLost. */
export function chaining(keys: RootKeys): WatchfulChaining {
  let seen: Heads = [GENESIS]
  let place: RowKey = HEAD_PLACE
  let holder: string | null = null
  const see = (head: Head) => {
    const lane = laneOf(head.seq)
    if (lane < seen.length && head.seq <= headIn(seen, lane).seq) return
    const lanes = Math.max(seen.length, lane + 1)
    seen = Array.from({ length: lanes }, (_, i) => (i === lane ? head : headIn(seen, i)))
  }
  const notBefore = ({ seq, hash }: RecordedHead, before: Head) => {
    const head = { seq, hash }
    if (head.seq < before.seq || (head.seq === before.seq && head.hash !== before.hash))
      throw new Rewound(
        `the trail ends at event ${named(head.seq)}, and this server saw its event ${named(before.seq)}`,
      )
    see(head)
    return head
  }
  const headOf = (row: Row) => {
    const { id, body } = fromRow<RecordedHead>(row, keys)
    // First, since an older head may name another holder: that lane was not taken, but put back.
    const head = notBefore(body, headIn(seen, laneOfHead(id)))
    if (holder !== null && body.holder !== holder) throw new LaneLost(`the lane of ${id} is no longer this server's`)
    return head
  }
  const moved: Chaining['moved'] = ({ mac: _, body, revision, ...where }, head) => {
    const { holder: whose } = JSON.parse(body) as RecordedHead
    const after: Recorded<RecordedHead> = { ...where, revision: revision + 1, body: recorded(head, keys, whose) }
    return toRow(after, keys)
  }
  return {
    get place() {
      return place
    },
    hold(lane, by) {
      place = { ...HEAD_PLACE, id: headId(lane) }
      holder = by
    },
    link,
    seen: () => seen,
    headAfter: (row, before) => notBefore(fromRow<RecordedHead>(row, keys).body, before),
    headOf,
    moved,
    endingWith(last) {
      let reached: Head | null = null
      return {
        place,
        link(previous, seq, event, change) {
          const hash = link(previous, seq, event, change)
          if (event === last) reached = { seq, hash }
          return hash
        },
        headOf,
        moved,
        acknowledged() {
          if (reached) see(reached)
        },
      }
    },
  }
}

/** An event's number within its lane, for people: `12`, or `12 of lane 1`. */
export function named(seq: number): string {
  const lane = laneOf(seq)
  return lane === 0 ? String(seq) : `${countIn(seq)} of lane ${lane}`
}
