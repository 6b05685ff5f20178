// The supervisor's pauses before it starts a process, and its timers.

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000
/** The pause before a process with a fault is replaced. It doubles, up to a minute, while replacements help for less than HELPED_MS. */
const REPLACE_AFTER_MS = 2000
const REPLACE_AT_MOST_EVERY_MS = 60_000
const HELPED_MS = 120_000

/** Times are milliseconds of a monotonic clock. */
export class Pauses {
  #startMs = FIRST_PAUSE_MS
  #replaceMs = REPLACE_AFTER_MS
  #replacedAt = Number.NEGATIVE_INFINITY

  /** Returns the pause before the next attempt to start a process. Each pause is twice as long as the one before. */
  beforeStart(): number {
    const pause = this.#startMs
    this.#startMs = Math.min(LONGEST_PAUSE_MS, pause * 2)
    return pause
  }

  /** Notes that a process serves, so that the next pause is short again. */
  served(): void {
    this.#startMs = FIRST_PAUSE_MS
  }

  /** Returns the pause before a process may be replaced. */
  beforeReplacing(now: number): number {
    const helped = now - this.#replacedAt > HELPED_MS
    this.#replaceMs = helped ? REPLACE_AFTER_MS : Math.min(REPLACE_AT_MOST_EVERY_MS, this.#replaceMs * 2)
    return this.#replaceMs
  }

  replaced(now: number): void {
    this.#replacedAt = now
  }
}

/** Timers with names, each set at most once. They do not keep the program running. */
export class Timers<Name extends string> {
  readonly #set = new Map<Name, NodeJS.Timeout>()

  has(name: Name): boolean {
    return this.#set.has(name)
  }

  /** Does nothing when the timer is set already. */
  set(name: Name, ms: number, then: () => void): void {
    if (this.#set.has(name)) return
    const timer = setTimeout(() => {
      this.#set.delete(name)
      then()
    }, ms)
    this.#set.set(name, timer.unref())
  }

  clear(name: Name): void {
    clearTimeout(this.#set.get(name))
    this.#set.delete(name)
  }

  clearAll(): void {
    for (const name of [...this.#set.keys()]) this.clear(name)
  }
}
