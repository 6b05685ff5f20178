// Something scarce that sources hold together. When it runs short, the source that holds most gives way, its oldest holder first:
// so whoever fills it gets in nobody's way but his own.

export interface Holder {
  /** Whose share it counts to. */
  readonly source: string
}

interface Share<H> {
  amount: number
  /** The oldest first. */
  readonly holders: Set<H>
}

export class Shares<H extends Holder> {
  readonly #shares = new Map<string, Share<H>>()
  #total = 0

  /** What all sources hold together. */
  get total(): number {
    return this.#total
  }

  /** What one source holds. */
  of(source: string): number {
    return this.#shares.get(source)?.amount ?? 0
  }

  /** The holder holds so much more. */
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

  /** The holder gives back all that it holds, which is `amount`. Returns whether it held anything. */
  drop(holder: H, amount: number): boolean {
    const share = this.#shares.get(holder.source)
    if (!share?.holders.delete(holder)) return false
    share.amount -= amount
    this.#total -= amount
    if (share.holders.size === 0) this.#shares.delete(holder.source)
    return true
  }

  /** The source that holds most, or null when nobody holds anything; of several the one that came first. */
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

  /** The holders of a source, the oldest first. */
  holders(source: string): ReadonlySet<H> {
    return this.#shares.get(source)?.holders ?? NONE
  }

  /** All holders. */
  *[Symbol.iterator](): Iterator<H> {
    for (const { holders } of this.#shares.values()) yield* holders
  }
}

const NONE: ReadonlySet<never> = new Set<never>()
