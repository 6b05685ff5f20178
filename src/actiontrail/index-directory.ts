// Which events the index is about: its parts one after the other, without gaps, each checked before it counts. What is not in the
// directory (altered, missing, not indexed yet) is read event by event, so that an altered index hides nothing.
import type { RootKeys } from '../cryptography/seal.ts'
import type { EventStorage, IndexPart } from '../storage/storage.ts'

const PARTS_AT_ONCE = 1000

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
  const { firstSeq, lastSeq, fromAt, toAt, lastHash, termsHash, postingsHash } = part
  return JSON.stringify(['event-index', firstSeq, lastSeq, fromAt, toAt, lastHash, termsHash, postingsHash])
}
