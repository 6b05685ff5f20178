/** Runs sweeps one at a time, and counts the keys that they change. */
export class Sweeps {
  readonly #sweep: () => Promise<number>
  #changedKeys = 0
  #last: Promise<void> = Promise.resolve()

  /** `sweep` returns how many keys it changed. */
  constructor(sweep: () => Promise<number>) {
    this.#sweep = sweep
  }

  /** Sweeps once, after the sweeps requested before. Rejects when this sweep fails. */
  run(): Promise<void> {
    const mine = this.#last.then(async () => {
      const changed = await this.#sweep()
      this.#changedKeys += changed
    })
    this.#last = mine.catch(() => {})
    return mine
  }

  /** Sweeps after `move`. Returns how many keys all sweeps have changed since `move` began. */
  async runAfter(move: () => Promise<void>): Promise<number> {
    await this.#last
    const before = this.#changedKeys
    await move()
    await this.run()
    return this.#changedKeys - before
  }
}
