// The nonces within their time window, in memory: eight bytes each, dropped one generation at a time. The first 64 bits of a nonce's digest
// identify it. Among ten million live nonces, a new one collides with probability 2^-41; it is then refused, and its client signs the
// request again. A replay is always refused.

const GENERATION_MS = 5 * 60_000
/** The tables of a generation. Each grows by itself: no call waits until all nonces have moved to a table of twice the size. */
const TABLES = 64
const FIRST_SLOTS = 8

/** A set of 64-bit numbers with open addressing, at most half full. (0, 0) marks an empty slot. */
class Table {
  #slots = new Uint32Array(2 * FIRST_SLOTS)
  #size = 0

  has(high: number, low: number): boolean {
    const at = this.#find(this.#slots, high, low)
    return this.#slots[at] === high && this.#slots[at + 1] === low
  }

  add(high: number, low: number): void {
    if (this.#size * 4 >= this.#slots.length) this.#grow()
    const at = this.#find(this.#slots, high, low)
    this.#slots[at] = high
    this.#slots[at + 1] = low
    this.#size++
  }

  #find(slots: Uint32Array, high: number, low: number): number {
    const mask = slots.length - 1
    let at = (low << 1) & mask
    while ((slots[at] !== 0 || slots[at + 1] !== 0) && (slots[at] !== high || slots[at + 1] !== low))
      at = (at + 2) & mask
    return at
  }

  #grow(): void {
    const old = this.#slots
    const slots = new Uint32Array(old.length * 2)
    for (let i = 0; i < old.length; i += 2) {
      const [high = 0, low = 0] = [old[i], old[i + 1]]
      if (high === 0 && low === 0) continue
      const at = this.#find(slots, high, low)
      slots[at] = high
      slots[at + 1] = low
    }
    this.#slots = slots
  }
}

class Generation {
  /** A table exists once it has a number: the nonces of one batch, in a memory of their own, need few. */
  readonly #tables = new Array<Table | undefined>(TABLES)

  has(high: number, low: number): boolean {
    return this.#tables[high % TABLES]?.has(high, low) ?? false
  }

  add(high: number, low: number): void {
    const at = high % TABLES
    this.#tables[at] ??= new Table()
    this.#tables[at].add(high, low)
  }
}

export class NonceMemory {
  /** Generations by the end of their time, in units of GENERATION_MS since 1970. */
  readonly #generations = new Map<number, Generation>()

  has(digest: Uint8Array): boolean {
    const { high, low } = halves(digest)
    for (const generation of this.#generations.values()) if (generation.has(high, low)) return true
    return false
  }

  add(digest: Uint8Array, expiresAt: number): void {
    const number = Math.ceil(expiresAt / GENERATION_MS)
    let generation = this.#generations.get(number)
    if (!generation) {
      generation = new Generation()
      this.#generations.set(number, generation)
    }
    const { high, low } = halves(digest)
    generation.add(high, low)
  }

  /** Drops the generations that have expired completely before `now` (milliseconds since 1970). */
  drop(now: number): void {
    for (const number of this.#generations.keys()) if (number * GENERATION_MS < now) this.#generations.delete(number)
  }
}

/** The digest's first eight bytes; never (0, 0). */
function halves(digest: Uint8Array): { high: number; low: number } {
  const word = (at: number) =>
    (((digest[at] ?? 0) << 24) |
      ((digest[at + 1] ?? 0) << 16) |
      ((digest[at + 2] ?? 0) << 8) |
      (digest[at + 3] ?? 0)) >>>
    0
  return { high: word(0) || 1, low: word(4) }
}
