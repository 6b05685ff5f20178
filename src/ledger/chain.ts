// The chain of events: each event's hash covers the hash of the one before, and the head says where the chain ends.
// The head is a record like any other, authenticated by its MAC: whoever lacks the root key can't move it.
import { hash } from 'node:crypto'
import type { RootKeys } from '../keystore/root-keys.ts'
import { type Chaining, type EventRow, HEAD_PLACE, type Head, type Row } from '../storage/storage.ts'
import { Forged, fromRow, type Kind, type Recorded, toRow } from './record.ts'

/** What the first event follows. */
export const GENESIS: Head = { seq: 0, hash: hash('sha256', 'strongroom/event-chain/1', 'base64url') }

/** The last event that is not in the chain any more, because its time was over; of the installation. Absent: none is missing. */
export const FLOOR: Kind<Head> = { name: 'event-floor', counted: false }
export const FLOOR_ID = 'floor'

/**
 * The hash of an event: SHA-256 over the hash before it and all of its columns, one a line; Base64url, 43 characters.
 * INVARIANT: no column of an event that was recorded holds a line break, so no other columns make the same text.
 */
export function link(previous: string, seq: number, { eventId, account, region, at, body }: EventRow): string {
  return hash('sha256', `${previous}\n${seq}\n${eventId}\n${account}\n${region}\n${at}\n${body}`, 'base64url')
}

/** The head of a new chain that follows `head`, as a row. */
export function firstHead(head: Head, now: number, keys: RootKeys): Row {
  return toRow(
    { ...HEAD_PLACE, parent: null, createdAt: now, dueAt: null, revision: 1, body: recorded(head, keys) },
    keys,
  )
}

function recorded(head: Head, { generation }: RootKeys): RecordedHead {
  return { ...head, ring: generation }
}

/** The head as its record holds it: with the generation of the root keys that last moved it, absent in databases from before. */
type RecordedHead = Head & { readonly ring?: number }

/**
 * The generation of the root keys that the trail's head was last moved under. Who puts an older installation record back, to bring
 * dropped root keys into use again, would have to put the head back too, and so cut the trail. Throws Forged.
 */
export function generationOf(row: Row, keys: RootKeys): number {
  return fromRow<RecordedHead>(row, keys).body.ring ?? 0
}

/** The trail in the database ends before what was seen of it: it was put back to an older copy under a running server. */
export class Rewound extends Forged {}

/** How the events of one batch are chained. */
export interface BatchChaining extends Chaining {
  /** The batch's last event is stored: from now on no head before it is taken. */
  acknowledged(): void
}

export interface WatchfulChaining extends Chaining {
  /** The newest head that was seen. */
  seen(): Head
  /** The head of a row that was read after another head was seen. Throws Forged, or Rewound. */
  headAfter(row: Row, before: Head): Head
  /** For a batch that ends with this event. */
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
        link(previous, seq, event) {
          const hash = link(previous, seq, event)
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
