// The chains of events, one in each lane: each event's hash covers the hash of the one before, and the head says where the lane ends
// (docs/reference/trail-formats.md). The head is a record like any other, so nobody without the root key can move it.
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
import { Forged, fromRow, type Recorded, toRow } from './record.ts'

/** The head of lane 0 before its first event. */
export const GENESIS: Head = { seq: 0, hash: hash('sha256', 'strongroom/event-chain/1', 'base64url') }

/** The head of a lane before its first event. */
export function genesisOf(lane: number): Head {
  return { seq: laneStart(lane), hash: GENESIS.hash }
}

/** The head of a lane among heads; its beginning where they do not name it. */
export function headIn(heads: Heads, lane: number): Head {
  return heads[lane] ?? genesisOf(lane)
}

/**
 * The hash of an event: SHA-256 over the hash before it and all of its columns, one a line; Base64url, 43 characters. The change number
 * that it was decided under is the last line; null, in events of earlier releases, is none.
 * INVARIANT: no column of an event that was recorded holds a line break, so no other columns make the same text.
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

/** The id of the record that holds the head of a lane. */
export function headId(lane: number): string {
  return lane === 0 ? HEAD_PLACE.id : `lane-${lane}`
}

/** The lane whose head the record with this id holds. */
export function laneOfHead(id: string): number {
  return id === HEAD_PLACE.id ? 0 : Number(id.slice('lane-'.length))
}

/** The row of a head at `head`, for a new database or a new lane; `now` is milliseconds since 1970. */
export function firstHead(head: Head, now: number, keys: RootKeys, holder?: string): Row {
  const place = { ...HEAD_PLACE, id: headId(laneOf(head.seq)) }
  const body = recorded(head, keys, holder)
  return toRow({ ...place, parent: null, createdAt: now, dueAt: null, revision: 1, body }, keys)
}

function recorded({ seq, hash }: Head, { generation }: RootKeys, holder: string | undefined): RecordedHead {
  return { seq, hash, ring: generation, ...(holder !== undefined && { holder }) }
}

/**
 * The head as its record holds it. `ring` is the generation of the root keys that last moved it; absent in older databases. `holder` is
 * the server that records in the lane; absent where none does.
 */
type RecordedHead = Head & { readonly ring?: number; readonly holder?: string }

/**
 * The generation of the root keys that a head was last moved under. An attacker who restores an older installation record, to
 * bring dropped root keys back into use, would have to restore older heads too, and so cut the trail. Throws Forged.
 */
export function generationOf(row: Row, keys: RootKeys): number {
  return fromRow<RecordedHead>(row, keys).body.ring ?? 0
}

/** The server that holds the lane of this row, or null. Throws Forged. */
export function holderOf(row: Row, keys: RootKeys): string | null {
  return fromRow<RecordedHead>(row, keys).body.holder ?? null
}

/** The row with another holder, or none, and its head as it was. Throws Forged. */
export function heldBy(row: Row, holder: string | null, keys: RootKeys): Row {
  const { body, revision, ...place } = fromRow<RecordedHead>(row, keys)
  return toRow({ ...place, revision: revision + 1, body: recorded(body, keys, holder ?? undefined) }, keys)
}

/** The trail in the database ends before an event that this server saw: the database was put back to an older copy. */
export class Rewound extends Forged {}

/** The lane of this server went to another one, or is free: the server takes another. */
export class LaneLost extends Error {}

/** How the events of one batch are chained. */
export interface BatchChaining extends Chaining {
  /** Notes that the batch's last event is stored: a head before it is refused from now on. */
  acknowledged(): void
}

export interface WatchfulChaining extends Chaining {
  /** Records in this lane from now on, as `holder`. Before the first call of this it is lane 0, which all may record in. */
  hold(lane: number, holder: string): void
  /** The newest heads that this server saw. */
  seen(): Heads
  /** The head of a row that was read after the head `before` was seen. Throws Forged, or Rewound when the row is older. */
  headAfter(row: Row, before: Head): Head
  /** The chaining of a batch that ends with this event. */
  endingWith(last: EventRow | null): BatchChaining
}

/** How the storage chains events under these keys. `headOf` throws Forged when the row is not authentic, Rewound, or LaneLost. */
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
