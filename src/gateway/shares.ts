// A limited resource that sources share. When it is exhausted, the source with the largest share gives way, beginning with its oldest
// holder. So a source that exhausts the resource harms only itself.

export interface Holder {
  /** The source to whose share it counts. */
  readonly source: string
}

interface Share<H> {
  amount: number
  /** Oldest first. */
  readonly holders: Set<H>
}

export class Shares<H extends Holder> {
  readonly #shares = new Map<string, Share<H>>()
  #total = 0

  /** The amount that all sources hold. */
  get total(): number {
    return this.#total
  }

  /** Returns the amount that a source holds. */
  of(source: string): number {
    return this.#shares.get(source)?.amount ?? 0
  }

  /** Adds to the holder's amount. */
  take(holder: H, amount: number): void {
    let share = this.#shares.get(holder.source)
    if (!share) {
      share = { amount: 0, holders: new Set() }
      this.#shares.set(holder.source, share)
    }
    share.holders.add(holder)
    share.amount += amount
    this.#total += amount
  }

  /** Removes the holder, which holds `amount`. Returns false if it was not there. */
  drop(holder: H, amount: number): boolean {
    const share = this.#shares.get(holder.source)
    if (!share?.holders.delete(holder)) return false
    share.amount -= amount
    this.#total -= amount
    if (share.holders.size === 0) this.#shares.delete(holder.source)
    return true
  }

  /** Returns the source with the largest share, the earliest of several; null when no source holds anything. */
  heaviest(): string | null {
    let heaviest: string | null = null
    let most = 0
    for (const [source, { amount }] of this.#shares)
      if (amount > most) {
        heaviest = source
        most = amount
      }
    return heaviest
  }

  /** Returns the holders of a source, oldest first. */
  holders(source: string): ReadonlySet<H> {
    return this.#shares.get(source)?.holders ?? NONE
  }

  /** All holders. */
  *[Symbol.iterator](): Iterator<H> {
    for (const { holders } of this.#shares.values()) yield* holders
  }
}

const NONE: ReadonlySet<never> = new Set<never>()
