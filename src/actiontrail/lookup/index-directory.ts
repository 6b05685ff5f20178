// The parts of the index in order and without gaps, each authenticated. Lookups read all events that the directory does not cover (their part
// was altered, is missing or is not made yet), so that an altered index hides nothing.
import type { RootKeys } from '../../keystore/root-keys.ts'
import type { EventStorage, IndexPart } from '../../storage/storage.ts'

const PARTS_AT_ONCE = 1000
/** Few, so that calls run in between. */
const RENEWED_AT_ONCE = 20

export class IndexDirectory {
  readonly #events: EventStorage
  readonly #keys: RootKeys
  /** Ascending; each begins at the event after the last one of the part before. */
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
   * Adds the parts that were stored since, and removes those whose events, up to `floor`, were dropped.
   * Returns the rows that are no parts of the index: altered, or inserted by an attacker.
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

  /** Authenticates all parts under the current root key, and returns how many were under an older one. Skips a part that is not authentic. */
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

  /** The rows whose MAC is authentic and whose last event is still the one that was indexed. */
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
  // Version 2: in parts of version 1 the seed of terms depends on the root key. Their MAC does not match, so they are built again.
  const { firstSeq, lastSeq, fromAt, toAt, lastHash, termsHash, postingsHash } = part
  return JSON.stringify(['event-index/2', firstSeq, lastSeq, fromAt, toAt, lastHash, termsHash, postingsHash])
}
