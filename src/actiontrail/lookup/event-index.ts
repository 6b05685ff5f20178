// The index of events. It grows part by part in the background; no call waits for it. Lookups read the events that have no index yet. Each
// part carries a MAC, so that nobody without the root key can hide an event from lookups.
import { hash } from 'node:crypto'
import type { RootKeys } from '../../keystore/root-keys.ts'
import { headIn, named } from '../../ledger/chain.ts'
import { floorsNow } from '../../ledger/floor.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { asBuffer } from '../../runtime/bytes.ts'
import { countIn, laneEnd, laneOf } from '../../storage/lane.ts'
import type { Head, Heads, IndexPart } from '../../storage/storage.ts'
import { termsOfEach, termsOfQuery } from './event-terms.ts'
import { IndexDirectory } from './index-directory.ts'
import { encodePart, fitting, offsetsAt, PART_EVENTS, placeOfTerm } from './index-part.ts'
import type { Query } from './query.ts'

/** With this many events without an index, another server takes over the indexing of a lane. */
const FORSAKEN_EVENTS = 2 * PART_EVENTS
/** A lane is idle when its last event is older than this. */
const IDLE_MS = 3_600_000

/** The index's coverage of one lane at one moment. */
export interface IndexedLane {
  /** The last dropped event. A stored event with this number or a lower one was inserted by an attacker. */
  readonly floor: number
  readonly parts: readonly IndexPart[]
  /** The last event that the index covers. Later events have no index yet, or their index is not authentic. */
  readonly lastSeq: number
}

/** The index's coverage of all lanes at one moment. */
export interface Indexed {
  readonly lanes: readonly IndexedLane[]
}

/** The events of a lane, up to its head, that have no index yet. */
interface Rest {
  readonly lastSeq: number
  readonly head: number
}

/** The number of events, dropped ones included, up to the end of each lane's index. */
export function indexedEvents({ lanes }: Indexed): number {
  return lanes.reduce((sum, { lastSeq }) => sum + countIn(lastSeq), 0)
}

type Reads = Pick<Ledger, 'between' | 'events' | 'heads' | 'lanes' | 'turn'>

export class EventIndex {
  readonly #ledger: Reads
  readonly #keys: RootKeys
  readonly #directory: IndexDirectory
  /**
   * A secret seed, so that nobody can choose values whose terms collide. Rotating the root key does not change the key that it is derived
   * from.
   */
  readonly #seed: number

  constructor(ledger: Reads, keys: RootKeys) {
    this.#ledger = ledger
    this.#keys = keys
    this.#directory = new IndexDirectory(ledger.events, keys)
    this.#seed = Buffer.from(keys.fingerprint(['event-index terms'], new Uint8Array(0)), 'hex').readUInt32LE()
  }

  /** Lets other calls run between two steps of a long lookup. */
  turn(): Promise<void> {
    return this.#ledger.turn()
  }

  /** What the index covers now. */
  async indexed(): Promise<Indexed> {
    const floors = await this.#floors(this.#ledger.lanes())
    await this.#directory.refresh(floors)
    return { lanes: floors.map((floor, lane) => this.#lane(floor, lane)) }
  }

  #lane(floor: Head, lane: number): IndexedLane {
    return { floor: floor.seq, parts: this.#directory.partsOf(lane), lastSeq: this.#directory.lastSeq(floor) }
  }

  /** The floor of each of the first `lanes` lanes. */
  async #floors(lanes: number | Promise<number>): Promise<Heads> {
    const [length, floors] = await Promise.all([lanes, floorsNow(this.#ledger)])
    return Array.from({ length }, (_, lane) => headIn(floors, lane))
  }

  /** Describes the first fault of the stored index; null when it has none. Waits for `giveWay` after each step. */
  async fault(giveWay: () => Promise<void> = () => this.turn()): Promise<string | null> {
    const floors = await this.#floors(this.#ledger.lanes())
    const directory = new IndexDirectory(this.#ledger.events, this.#keys)
    const [stray] = [...(await directory.refreshInSteps(floors, giveWay)), ...(await this.#behind(floors.length))]
    if (stray) {
      const after = directory.lastSeq(headIn(floors, Math.max(0, laneOf(stray.firstSeq))))
      return `the index was altered after event ${named(after)}: the part that claims to cover events ${named(stray.firstSeq)} to ${named(stray.lastSeq)} does not belong there`
    }
    for (const lane of floors.keys())
      for (const part of directory.partsOf(lane)) {
        if (!(await this.#isWhole(part)))
          return `the index of events ${named(part.firstSeq)} to ${named(part.lastSeq)} was altered`
        await giveWay()
      }
    return null
  }

  /** Parts behind the last lane. A lane that another server has begun since `lanes` was read is no fault. */
  async #behind(lanes: number): Promise<readonly IndexPart[]> {
    const parts = await this.#ledger.events.parts(laneEnd(lanes - 1), Number.MAX_SAFE_INTEGER, 1)
    if (parts.length === 0) return []
    const now = await this.#ledger.lanes()
    return parts.filter(({ firstSeq }) => laneOf(firstSeq) >= now)
  }

  /**
   * Adds the next part of a lane that has enough events for one. Returns whether it did. With `mine`, the server indexes its own lane
   * `mine.lane`. It indexes another lane only when that lane has many events without an index, or when its last event is long before
   * `mine.now` (milliseconds since 1970). Without `mine`, all lanes are treated as the server's own.
   */
  async extend(mine: { readonly lane: number; readonly now: number } | null = null): Promise<boolean> {
    // Later events, and parts that cover them, wait for the next call.
    const heads = await this.#ledger.heads()
    const floors = await this.#floors(heads.length)
    const strays = await this.#directory.refresh(floors)
    const rests: Rest[] = []
    for (const [lane, floor] of floors.entries()) {
      const lastSeq = this.#directory.lastSeq(floor)
      const head = headIn(heads, lane).seq
      const isMine = mine === null || mine.lane === lane
      if (head - lastSeq >= (isMine ? PART_EVENTS : FORSAKEN_EVENTS)) {
        if (await this.#addPart(lastSeq, PART_EVENTS, strays)) return true
      } else if (!isMine && head > lastSeq) rests.push({ lastSeq, head })
    }
    return mine !== null && rests.length > 0 && this.#addRest(rests, mine.now, strays)
  }

  /** Adds a part with the remaining events of the first lane that is idle. Returns whether it did. */
  async #addRest(rests: readonly Rest[], now: number, strays: readonly IndexPart[]): Promise<boolean> {
    const last = await this.#ledger.events.at(rests.map(({ head }) => head))
    const old = new Set(last.filter(({ at }) => at < now - IDLE_MS).map(({ seq }) => seq))
    for (const { lastSeq, head } of rests)
      if (old.has(head) && (await this.#addPart(lastSeq, Math.min(head - lastSeq, PART_EVENTS), strays))) return true
    return false
  }

  /** Adds the part after event `lastSeq`, with at least `least` events. It replaces a stray part in the same place. */
  async #addPart(lastSeq: number, least: number, strays: readonly IndexPart[]): Promise<boolean> {
    const found = await this.#ledger.events.after(lastSeq, PART_EVENTS)
    if (found.length < least) return false
    const termsOfEvents = termsOfEach(found, this.#seed)
    const rows = found.slice(0, fitting(termsOfEvents))
    const [first, last] = [rows[0], rows.at(-1)]
    if (!first || !last) return false
    const { terms, postings } = encodePart(termsOfEvents.slice(0, rows.length))
    const part = this.#directory.sealed({
      firstSeq: first.seq,
      lastSeq: last.seq,
      fromAt: rows.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY),
      toAt: rows.reduce((most, { at }) => Math.max(most, at), 0),
      lastHash: last.hash,
      termsHash: hash('sha256', terms, 'base64url'),
      postingsHash: hash('sha256', postings, 'base64url'),
    })
    const former = strays.find(({ firstSeq }) => firstSeq === first.seq)?.mac ?? null
    await this.#ledger.events.addPart(part, terms, postings, former)
    return true
  }

  /**
   * Authenticates all parts under the current root key. Returns how many were under an older root key. Skips parts that are not authentic.
   */
  renew(giveWay: () => Promise<void>): Promise<number> {
    return this.#directory.renew(giveWay)
  }

  async #isWhole({ firstSeq, termsHash, postingsHash }: IndexPart): Promise<boolean> {
    const { events } = this.#ledger
    return (
      untampered(await events.terms(firstSeq), termsHash) !== null &&
      untampered(await events.postings(firstSeq), postingsHash) !== null
    )
  }

  /**
   * The numbers of the events in a part that the query may select. Returns null when the part's terms or postings are not authentic: the
   * caller then reads the events.
   */
  async candidates(part: IndexPart, query: Query): Promise<readonly number[] | null> {
    const terms = untampered(await this.#ledger.events.terms(part.firstSeq), part.termsHash)
    if (!terms) return null
    const { scopes, conditions } = termsOfQuery(query, this.#seed)
    const placed = scopes.map((term) => placeOfTerm(terms, term)).filter((place) => place >= 0)
    const wanted = conditions.map((term) => placeOfTerm(terms, term))
    if (placed.length === 0 || wanted.includes(-1)) return []
    const postings = untampered(await this.#ledger.events.postings(part.firstSeq), part.postingsHash)
    if (!postings) return null
    const offsets = (at: number) => offsetsAt(postings, at, terms.length / 4)
    let left = [...new Set(placed.flatMap(offsets))]
    for (const at of wanted) {
      const also = new Set(offsets(at))
      left = left.filter((offset) => also.has(offset))
    }
    return left.map((offset) => part.firstSeq + offset)
  }
}

function untampered(bytes: Uint8Array | null, expected: string): Buffer | null {
  if (!bytes || hash('sha256', bytes, 'base64url') !== expected) return null
  return asBuffer(bytes)
}
