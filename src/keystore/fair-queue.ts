// A bounded queue in which accounts take turns. When it is full, the account with the most waiting work gives way, so an account that fills the
// queue harms only itself.

export class FairQueue<T> {
  readonly #most: number
  /** The waiting work of each account, oldest first; accounts in the order of their next turns. */
  readonly #waiting = new Map<string, T[]>()
  #size = 0

  /** `most` is how much work may wait. */
  constructor(most: number) {
    this.#most = most
  }

  get isEmpty(): boolean {
    return this.#size === 0
  }

  /** Adds the work. Returns the work that gives way for it, which may be the same; null when there was room. */
  add(account: string, work: T): T | null {
    const own = this.#waiting.get(account) ?? []
    own.push(work)
    this.#waiting.set(account, own)
    if (++this.#size <= this.#most) return null
    let [loser, longest] = [account, own]
    for (const [other, theirs] of this.#waiting) if (theirs.length > longest.length) [loser, longest] = [other, theirs]
    return this.#removed(loser, longest, longest.pop())
  }

  /** Removes and returns the oldest work of the account whose turn it is; null when nothing waits. */
  next(): T | null {
    for (const [account, own] of this.#waiting) {
      const first = own.shift()
      // The account comes last from now on.
      this.#waiting.delete(account)
      this.#waiting.set(account, own)
      return this.#removed(account, own, first)
    }
    return null
  }

  /** Removes and returns everything. */
  drain(): readonly T[] {
    const all = [...this.#waiting.values()].flat()
    this.#waiting.clear()
    this.#size = 0
    return all
  }

  #removed(account: string, left: readonly T[], work: T | undefined): T | null {
    this.#size--
    if (left.length === 0) this.#waiting.delete(account)
    return work ?? null
  }
}
