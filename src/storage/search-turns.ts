// The order of searches. A search may go through all entries of an account, so each account has one search at a time, and accounts take
// turns.
import { TooManySearches, Unavailable } from './storage.ts'

/** The most waiting searches of one account. */
const MOST_WAITING = 16
const TOO_MANY = `${MOST_WAITING} searches of the account wait already: search again when one of them has ended`

interface Waiting {
  go(): void
  leave(error: Error): void
}

export class SearchTurns {
  readonly #atOnce: number
  /** The accounts with a running search. */
  readonly #searching = new Set<string>()
  /** Waiting searches by account, in the order of the accounts' next turns. */
  readonly #waiting = new Map<string, Waiting[]>()
  readonly #whenNone: (() => void)[] = []
  #isPaused = false
  #isClosed = false

  /** `atOnce` is the most searches at the same time. */
  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** Searches when it is the account's turn. Throws TooManySearches when too many of its searches wait. */
  async run<T>(account: string, search: () => Promise<T>): Promise<T> {
    await this.#turn(account)
    try {
      return await search()
    } finally {
      this.#searching.delete(account)
      this.#next()
      if (this.#searching.size === 0) for (const go of this.#whenNone.splice(0)) go()
    }
  }

  /**
   * Does the work while no search runs: it waits for the running ones, and new ones wait for it. Must not be called twice at the same time.
   */
  async without<T>(work: () => T): Promise<T> {
    this.#isPaused = true
    try {
      await this.#none()
      return work()
    } finally {
      this.#isPaused = false
      this.#next()
    }
  }

  /** Whether no search runs. */
  get areNone(): boolean {
    return this.#searching.size === 0
  }

  /** Lets no further search begin, and refuses those that wait. */
  close(): void {
    this.#isClosed = true
    for (const { leave } of [...this.#waiting.values()].flat()) leave(closed())
    this.#waiting.clear()
  }

  async #none(): Promise<void> {
    if (this.#searching.size > 0) await new Promise<void>((go) => this.#whenNone.push(go))
  }

  #turn(account: string): Promise<void> {
    if (this.#isClosed) return Promise.reject(closed())
    const mine = this.#waiting.get(account) ?? []
    if (mine.length >= MOST_WAITING) return Promise.reject(new TooManySearches(TOO_MANY))
    return new Promise((go, leave) => {
      mine.push({ go, leave })
      this.#waiting.set(account, mine)
      this.#next()
    })
  }

  /** Begins the searches that may begin. An account that had its turn comes last. */
  #next(): void {
    for (const [account, mine] of this.#waiting) {
      if (this.#isPaused || this.#searching.size >= this.#atOnce) return
      if (this.#searching.has(account)) continue
      const first = mine.shift()
      this.#waiting.delete(account)
      if (mine.length > 0) this.#waiting.set(account, mine)
      this.#searching.add(account)
      first?.go()
    }
  }
}

function closed(): Unavailable {
  return new Unavailable('the database is being closed')
}
