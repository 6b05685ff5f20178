// Judges rows as they pass: whether their trail is one unbroken chain in each lane, up to its head; and counts the contents. The judge has
// no root key, so it trusts the records. A restore verifies each record with the root key afterwards.
import type { KeyObject } from 'node:crypto'
import { CHECKPOINT, headsOf, publicKeyOf, type StoredCheckpoint } from '../actiontrail/audit/checkpoint.ts'
import { SIGNING_KEY, type SigningKeyBody } from '../actiontrail/audit/signing-key.ts'
import { ChainWalk, Checkpoints } from '../actiontrail/audit/verify.ts'
import { CMK } from '../kms/records.ts'
import { SECRET } from '../kms/secrets/records.ts'
import { genesisOf, headIn, laneOfHead } from '../ledger/chain.ts'
import { FLOOR, floorsIn, type StoredFloor } from '../ledger/floor.ts'
import { ACCOUNT } from '../ram/key-holder.ts'
import { INSTALLATION_KIND, type InstallationBody } from '../rootkeys/installation-record.ts'
import { COPIED, type Copied, type CopiedName, type Counts, TABLES } from '../storage/copying/copied.ts'
import { laneOf } from '../storage/lane.ts'
import { toEvent } from '../storage/rows.ts'
import { type ChainedEvent, HEAD_PLACE, type Head, type Heads } from '../storage/storage.ts'

/** What the rows contain. */
export interface Findings {
  readonly counts: Counts
  /** The heads of the lanes. */
  readonly heads: Heads
  /** The event with the latest time; null without events. */
  readonly lastEvent: { readonly id: string; readonly seq: number; readonly at: number } | null
  readonly firstEventAt: number | null
  /** The number of events that a signed checkpoint confirms. */
  readonly confirmed: number
  readonly accounts: number
  readonly keys: number
  readonly secrets: number
  /** What wraps the root keys; null where the record of the installation is missing. */
  readonly installation: InstallationBody | null
  /** The first fault, or null. */
  readonly fault: string | null
}

const [KIND, ID, BODY] = ['kind', 'id', 'body'].map((column) =>
  TABLES.record.columns.findIndex(([name]) => name === column),
) as [number, number, number]
const EVENT_COLUMNS = TABLES.event.columns.map(([name]) => name)

/** The records that determine the chains. They come before all events. */
interface Marks {
  readonly heads: Map<number, Head>
  floors: Heads
  checkpoint: StoredCheckpoint | null
  publicKey: KeyObject | null
}

export class Judge {
  readonly #counts = Object.fromEntries(COPIED.map((name) => [name, 0])) as Record<CopiedName, number>
  readonly #kinds = new Map<string, number>()
  readonly #marks: Marks = { heads: new Map(), floors: [], checkpoint: null, publicKey: null }
  /** The number of lanes whose walk has begun. */
  #lanes = 0
  #walk: ChainWalk | null = null
  #confirmed = 0
  #installation: InstallationBody | null = null
  #lastEvent: Findings['lastEvent'] = null
  #firstEventAt: number | null = null
  #fault: string | null = null

  take(rows: readonly Copied[]): void {
    let events: ChainedEvent[] = []
    for (const [name, ...values] of rows) {
      this.#counts[name]++
      if (name === 'record') this.#takeRecord(values)
      if (name !== 'event') continue
      const event = toEvent(Object.fromEntries(EVENT_COLUMNS.map((column, i) => [column, values[i]])))
      if (events[0] && laneOf(events[0].seq) !== laneOf(event.seq)) {
        this.#takeEvents(events)
        events = []
      }
      events.push(event)
    }
    this.#takeEvents(events)
  }

  #takeRecord(values: readonly unknown[]): void {
    const [kind, id, body] = [String(values[KIND]), String(values[ID]), String(values[BODY])]
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1)
    const marks = this.#marks
    try {
      if (kind === HEAD_PLACE.kind) marks.heads.set(laneOfHead(id), JSON.parse(body) as Head)
      else if (kind === CHECKPOINT.name) marks.checkpoint = JSON.parse(body) as StoredCheckpoint
      else if (kind === SIGNING_KEY.name) marks.publicKey = publicKeyOf((JSON.parse(body) as SigningKeyBody).publicKey)
      else if (kind === INSTALLATION_KIND.name) this.#installation = JSON.parse(body) as InstallationBody
      else if (kind === FLOOR.name) marks.floors = floorsIn(JSON.parse(body) as StoredFloor)
    } catch {
      this.#fault ??= `the record ${kind}/${id} is damaged`
    }
  }

  #takeEvents(events: readonly ChainedEvent[]): void {
    const [first] = events
    if (!first) return
    for (const { seq, eventId: id, at } of events) {
      if (!this.#lastEvent || at >= this.#lastEvent.at) this.#lastEvent = { id, seq, at }
      this.#firstEventAt = Math.min(this.#firstEventAt ?? at, at)
    }
    if (this.#fault) return
    while (laneOf(first.seq) >= this.#lanes) this.#nextLane()
    this.#note(this.#walk?.take(events) ?? null)
  }

  /** Ends the walk along one lane, and begins the walk along the next. */
  #nextLane(): void {
    this.#endLane()
    const { floors, checkpoint, publicKey } = this.#marks
    if (!publicKey) this.#fault ??= "the trail's public key is missing"
    else
      this.#walk = new ChainWalk(
        headIn(floors, this.#lanes),
        new Checkpoints(checkpoint ? [checkpoint] : [], publicKey),
      )
    this.#lanes++
  }

  #endLane(): void {
    const walk = this.#walk
    if (!walk || this.#fault) return
    this.#note(walk.unmet())
    const [lane, confirmed] = [laneOf(walk.head.seq), walk.confirmed]
    this.#note(walk.expect(this.#marks.heads.get(lane) ?? genesisOf(lane)))
    this.#confirmed += confirmed
  }

  #note(fault: { readonly message: string } | null): void {
    this.#fault ??= fault?.message ?? null
  }

  /** The result, after all rows. */
  findings(): Findings {
    const { heads } = this.#marks
    while (!this.#fault && this.#lanes < heads.size) this.#nextLane()
    this.#endLane()
    if (heads.size === 0 || !this.#installation) this.#fault ??= 'the records of the installation are missing'
    const { checkpoint } = this.#marks
    const covered = checkpoint && headsOf(checkpoint).find(({ seq }) => !heads.has(laneOf(seq)))
    if (covered) this.#fault ??= 'the head of a lane that a checkpoint names is missing'
    return {
      counts: this.#counts,
      heads: [...heads].toSorted(([a], [b]) => a - b).map(([, head]) => head),
      lastEvent: this.#lastEvent,
      firstEventAt: this.#firstEventAt,
      confirmed: this.#confirmed,
      accounts: this.#kinds.get(ACCOUNT.name) ?? 0,
      keys: this.#kinds.get(CMK.name) ?? 0,
      secrets: this.#kinds.get(SECRET.name) ?? 0,
      installation: this.#installation,
      fault: this.#fault,
    }
  }
}
