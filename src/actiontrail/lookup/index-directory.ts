// Which events the index is about: its parts one after the other, without gaps, each checked before it counts. What is not in the
// directory (altered, missing, not indexed yet) is read event by event, so that an altered index hides nothing.
import type { RootKeys } from '../../keystore/root-keys.ts'
import type { EventStorage, IndexPart } from '../../storage/storage.ts'

const PARTS_AT_ONCE = 1000
/** Few, so that calls get their turn in between. */
const RENEWED_AT_ONCE = 20

export class IndexDirectory {
  readonly #events: EventStorage
  readonly #keys: RootKeys
  /** Ascending; each begins right after the one before. */
  #parts: IndexPart[] = []

  constructor(events: EventStorage, keys: RootKeys) {
    this.#events = events
    this.#keys = keys
  }

  get parts(): readonly IndexPart[] {
    return this.#parts
  }

  /** The last event that the directory covers; `floor` when it covers none. */
  lastSeq(floor: number): number {
    return Math.max(floor, this.#parts.at(-1)?.lastSeq ?? 0)
  }

  /** The part with its MAC, as it is stored. */
  sealed(part: Omit<IndexPart, 'mac'>): IndexPart {
    return { ...part, mac: this.#keys.recordMac(canonical(part)) }
  }

  /**
   * Takes in what was added since, and lets go what was dropped: events up to `floor` are gone.
   * Answers the rows that can't be parts of the index: altered, or put there by somebody else.
   */
  async refresh(floor: number): Promise<readonly IndexPart[]> {
    const gone = this.#parts.findIndex(({ lastSeq }) => lastSeq > floor)
    if (gone !== 0) this.#parts = gone < 0 ? [] : this.#parts.slice(gone)
    const strays: IndexPart[] = []
    for (let after = this.#parts.at(-1)?.firstSeq ?? Number.MIN_SAFE_INTEGER; ; ) {
      const rows = await this.#events.parts(after, PARTS_AT_ONCE)
      const bound = await this.#bound(rows)
      for (const row of rows)
        if (row.lastSeq > floor || row.firstSeq < 1) {
          if (bound.has(row) && this.#isNext(row, floor)) this.#parts.push(row)
          else strays.push(row)
        }
      after = rows.at(-1)?.firstSeq ?? after
      if (rows.length < PARTS_AT_ONCE) return strays
    }
  }

  /** Authenticates all parts under the current root key; answers how many were not. A part that is not authentic is left. */
  async renew(giveWay: () => Promise<void>): Promise<number> {
    let renewed = 0
    for (let after = Number.MIN_SAFE_INTEGER; ; ) {
      const rows = await this.#events.parts(after, RENEWED_AT_ONCE)
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

  /** Those whose MAC is ours, and whose last event is still the one that was indexed. */
  async #bound(rows: readonly IndexPart[]): Promise<ReadonlySet<IndexPart>> {
    const authentic = rows.filter((row) => this.#keys.recordMacMatches(canonical(row), row.mac))
    const events = await this.#events.at(authentic.map(({ lastSeq }) => lastSeq))
    const hashes = new Map(events.map(({ seq, hash }) => [seq, hash]))
    return new Set(authentic.filter(({ lastSeq, lastHash }) => hashes.get(lastSeq) === lastHash))
  }

  #isNext({ firstSeq }: IndexPart, floor: number): boolean {
    const last = this.#parts.at(-1)
    return last ? firstSeq === last.lastSeq + 1 : firstSeq <= floor + 1
  }
}

function canonical(part: Omit<IndexPart, 'mac'>): string {
  // A part whose terms were seeded by the root key (before there were rings) is none of ours: it is made anew.
  const { firstSeq, lastSeq, fromAt, toAt, lastHash, termsHash, postingsHash } = part
  return JSON.stringify(['event-index/2', firstSeq, lastSeq, fromAt, toAt, lastHash, termsHash, postingsHash])
}
