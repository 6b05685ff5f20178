// Emptying SQLite's write-ahead log after secrets were removed: with secure_delete, neither the log nor the database keeps them then. A search
// holds the log in use while it runs.
import { setTimeout as pause } from 'node:timers/promises'
import type { SearchTurns } from './search-turns.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

/** How long a call waits for what is not in the hands of this process: another one that reads the database, or a full disk. */
const PATIENCE_MS = 5000
const RETRY_MS = 50

export class SqliteScrubs {
  readonly #db: Pick<SqliteConnection, 'emptiesLog'>
  readonly #searches: SearchTurns
  readonly #notice: (message: string) => void
  /** The log of a process that was killed may keep what it removed. */
  #isDue = true
  #underWay: Promise<void> | null = null
  #isClosed = false

  /** `notice` hears of what could not be emptied. */
  constructor(db: Pick<SqliteConnection, 'emptiesLog'>, searches: SearchTurns, notice: (message: string) => void) {
    this.#db = db
    this.#searches = searches
    this.#notice = notice
  }

  /** Notes that a commit removed secrets. */
  due(): void {
    this.#isDue = true
  }

  /** Scrubs if that is due, and nothing is in its way. */
  tryNow(): void {
    if (this.#isDue && !this.#underWay && this.#searches.areNone) this.#scrub()
  }

  /**
   * Resolves when the log keeps nothing of what was removed before the call. New searches wait meanwhile. Where another process, or a full
   * disk, leaves the log as it is for PATIENCE_MS, it resolves nevertheless, since what was removed is removed; the log is emptied later.
   */
  done(): Promise<void> {
    if (!this.#isDue) return Promise.resolve()
    this.#underWay ??= this.#work()
    return this.#underWay
  }

  async #work(): Promise<void> {
    const end = performance.now() + PATIENCE_MS
    while (!(await this.#searches.without(() => this.#scrub()))) {
      if (this.#isClosed) return
      if (performance.now() > end) {
        this.#underWay = null
        this.#notice(
          'the write-ahead log of the database still has what was removed: another process reads the database, or the disk is full',
        )
        return
      }
      await pause(RETRY_MS)
    }
  }

  /** Returns whether the log is empty. What comes later is due again, and by itself. */
  #scrub(): boolean {
    if (this.#isClosed) return false
    try {
      this.#isDue = !this.#db.emptiesLog()
    } catch {
      // A full disk: done says so.
      this.#isDue = true
    }
    if (!this.#isDue) this.#underWay = null
    return !this.#isDue
  }

  /** Ends what is under way. Closing the database empties its log. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#underWay
  }
}
