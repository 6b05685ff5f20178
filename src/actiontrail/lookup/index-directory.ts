// The authentic parts of the index, of each lane in order and without gaps. A lookup reads every event that the directory does not cover:
// its part was altered, is missing, or does not exist yet. So an altered index hides nothing.
import type { RootKeys } from '../../keystore/root-keys.ts'
import { laneEnd, laneOf, laneStart } from '../../storage/lane.ts'
import type { EventStorage, Head, Heads, IndexPart } from '../../storage/storage.ts'

const PARTS_AT_ONCE = 1000
const NO_PARTS: ReadonlySet<IndexPart> = new Set()
/** A small page, so that calls run in between. */
const RENEWED_AT_ONCE = 20

export class IndexDirectory {
  readonly #events: EventStorage
  readonly #keys: RootKeys
  /** The parts by lane, ascending. Each part begins at the event after the last event of the part before. */
  #parts: IndexPart[][] = []

  constructor(events: EventStorage, keys: RootKeys) {
    this.#events = events
    this.#keys = keys
  }

  /** The parts of a lane. */
  partsOf(lane: number): readonly IndexPart[] {
    return this.#parts[lane] ?? []
  }

  /** The last event of a lane that the directory covers. When it covers none: `floor`, the last dropped event. */
  lastSeq(floor: Head): number {
    return Math.max(floor.seq, this.partsOf(laneOf(floor.seq)).at(-1)?.lastSeq ?? 0)
  }

  /** The part with its MAC, ready to store. */
  sealed(part: Omit<IndexPart, 'mac'>): IndexPart {
    return { ...part, mac: this.#keys.recordMac(canonical(part)) }
  }

  /**
   * Adds the parts stored since the last call. Removes the parts whose events were dropped, up to the floor of their lane. Returns the rows
   * that do not belong to the index: an attacker altered or inserted them.
   */
  async refresh(floors: Heads): Promise<readonly IndexPart[]> {
    const strays = await Promise.all(floors.map(({ seq }, lane) => this.#refreshLane(lane, seq)))
    return strays.flat()
  }

  /** As `refresh`, lane by lane. Waits for `giveWay` after each step. */
  async refreshInSteps(floors: Heads, giveWay: () => Promise<void>): Promise<readonly IndexPart[]> {
    const strays: IndexPart[] = []
    for (const [lane, { seq }] of floors.entries()) strays.push(...(await this.#refreshLane(lane, seq, giveWay)))
    return strays
  }

  async #refreshLane(lane: number, floor: number, giveWay = async () => {}): Promise<readonly IndexPart[]> {
    const known = this.partsOf(lane)
    const gone = known.findIndex(({ lastSeq }) => lastSeq > floor)
    if (gone !== 0) this.#parts[lane] = gone < 0 ? [] : known.slice(gone)
    const strays: IndexPart[] = []
    for (let after = this.partsOf(lane).at(-1)?.firstSeq ?? before(lane); ; ) {
      const rows = await this.#events.parts(after, laneEnd(lane), PARTS_AT_ONCE)
      const bound = await this.#bound(rows)
      for (const row of rows)
        if (row.lastSeq > floor || row.firstSeq <= laneStart(lane)) {
          if (bound.has(row) && this.#isNext(row, lane, floor)) this.#parts[lane]?.push(row)
          else strays.push(row)
        }
      after = rows.at(-1)?.firstSeq ?? after
      if (rows.length > 0) await giveWay()
      if (rows.length < PARTS_AT_ONCE) return strays
    }
  }

  /**
   * Authenticates all parts under the current root key. Returns how many were under an older root key. Skips parts that are not authentic.
   */
  async renew(giveWay: () => Promise<void>): Promise<number> {
    let renewed = 0
    for (let after = Number.MIN_SAFE_INTEGER; ; ) {
      const rows = await this.#events.parts(after, Number.MAX_SAFE_INTEGER, RENEWED_AT_ONCE)
      for (const row of rows) {
        const text = canonical(row)
        if (this.#keys.current.macMatches(text, row.mac) || !this.#keys.recordMacMatches(text, row.mac)) continue
        await this.#events.renewPart(row, this.#keys.recordMac(text))
        renewed++
      }
      after = rows.at(-1)?.firstSeq ?? after
      if (rows.length < RENEWED_AT_ONCE) return renewed
      await giveWay()
    }
  }

  /** The rows with an authentic MAC whose last event is still the one that was indexed. */
  async #bound(rows: readonly IndexPart[]): Promise<ReadonlySet<IndexPart>> {
    if (rows.length === 0) return NO_PARTS
    const authentic = rows.filter((row) => this.#keys.recordMacMatches(canonical(row), row.mac))
    const events = await this.#events.at(authentic.map(({ lastSeq }) => lastSeq))
    const hashes = new Map(events.map(({ seq, hash }) => [seq, hash]))
    return new Set(authentic.filter(({ lastSeq, lastHash }) => hashes.get(lastSeq) === lastHash))
  }

  #isNext({ firstSeq }: IndexPart, lane: number, floor: number): boolean {
    const last = this.partsOf(lane).at(-1)
    return last ? firstSeq === last.lastSeq + 1 : firstSeq <= floor + 1
  }
}

/** The number before every part of a lane. Lane 0 also takes the rows that an attacker stores below the numbers of all lanes. */
function before(lane: number): number {
  return lane === 0 ? Number.MIN_SAFE_INTEGER : laneEnd(lane - 1)
}

function canonical(part: Omit<IndexPart, 'mac'>): string {
  // Version 2 of the format. In version 1 the seed of terms depended on the root key; the MAC of such parts does not match, so they are
  // built again.
  const { firstSeq, lastSeq, fromAt, toAt, lastHash, termsHash, postingsHash } = part
  return JSON.stringify(['event-index/2', firstSeq, lastSeq, fromAt, toAt, lastHash, termsHash, postingsHash])
}
