// The chain of events: each event's hash covers the hash of the one before, and the head says where the chain ends
// (docs/reference/trail-formats.md). The head is a record like any other, so nobody without the root key can move it.
import { hash } from 'node:crypto'
import type { RootKeys } from '../keystore/root-keys.ts'
import { type Chaining, type EventRow, HEAD_PLACE, type Head, type Row } from '../storage/storage.ts'
import { Forged, fromRow, type Kind, type Recorded, toRow } from './record.ts'

/** The head before the first event. */
export const GENESIS: Head = { seq: 0, hash: hash('sha256', 'strongroom/event-chain/1', 'base64url') }

/** The last event that was dropped after its retention; of the installation. Absent when no event was dropped. */
export const FLOOR: Kind<Head> = { name: 'event-floor', counted: false }
export const FLOOR_ID = 'floor'

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

/** The row of a head at `head`, for a new database; `now` is milliseconds since 1970. */
export function firstHead(head: Head, now: number, keys: RootKeys): Row {
  return toRow(
    { ...HEAD_PLACE, parent: null, createdAt: now, dueAt: null, revision: 1, body: recorded(head, keys) },
    keys,
  )
}

function recorded(head: Head, { generation }: RootKeys): RecordedHead {
  return { ...head, ring: generation }
}

/** The head as its record holds it. `ring` is the generation of the root keys that last moved it; absent in older databases. */
type RecordedHead = Head & { readonly ring?: number }

/**
 * The generation of the root keys that the trail's head was last moved under. An attacker who restores an older installation record, to
 * bring dropped root keys back into use, would have to restore an older head too, and so cut the trail. Throws Forged.
 */
export function generationOf(row: Row, keys: RootKeys): number {
  return fromRow<RecordedHead>(row, keys).body.ring ?? 0
}

/** The trail in the database ends before an event that this server saw: the database was put back to an older copy. */
export class Rewound extends Forged {}

/** How the events of one batch are chained. */
export interface BatchChaining extends Chaining {
  /** Notes that the batch's last event is stored: a head before it is refused from now on. */
  acknowledged(): void
}

export interface WatchfulChaining extends Chaining {
  /** The newest head that this server saw. */
  seen(): Head
  /** The head of a row that was read after the head `before` was seen. Throws Forged, or Rewound when the row is older. */
  headAfter(row: Row, before: Head): Head
  /** The chaining of a batch that ends with this event. */
  endingWith(last: EventRow | null): BatchChaining
}

/** How the storage chains events under these keys. `headOf` throws Forged when the row is not authentic, or Rewound. */
export function chaining(keys: RootKeys): WatchfulChaining {
  let seen = GENESIS
  const see = (head: Head) => {
    if (head.seq > seen.seq) seen = head
  }
  const headAfter = (row: Row, before: Head) => {
    const { seq, hash } = fromRow<RecordedHead>(row, keys).body
    const head = { seq, hash }
    if (head.seq < before.seq || (head.seq === before.seq && head.hash !== before.hash))
      throw new Rewound(`the trail ends at event ${head.seq}, and this server saw its event ${before.seq}`)
    see(head)
    return head
  }
  const headOf = (row: Row) => headAfter(row, seen)
  const moved: Chaining['moved'] = ({ mac: _, body: __, revision, ...place }, head) =>
    toRow({ ...place, revision: revision + 1, body: recorded(head, keys) } satisfies Recorded<RecordedHead>, keys)
  return {
    link,
    seen: () => seen,
    headAfter,
    headOf,
    moved,
    endingWith(last) {
      let reached: Head | null = null
      return {
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
