// Empties SQLite's write-ahead log after a commit removed secrets: with secure_delete, neither the log nor the database contains them
// afterwards. A running search keeps the log in use.
import { setTimeout as pause } from 'node:timers/promises'
import type { SearchTurns } from './search-turns.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

/** How long a call waits for something outside of this process: another process that reads the database, or a full disk. */
const PATIENCE_MS = 5000
const RETRY_MS = 50

export class SqliteScrubs {
  readonly #db: Pick<SqliteConnection, 'emptiesLog'>
  readonly #searches: SearchTurns
  readonly #notice: (message: string) => void
  /** Due at the start: the log of a killed process may contain what that process removed. */
  #isDue = true
  #underWay: Promise<void> | null = null
  #isClosed = false

  /** `notice` reports that the log could not be emptied. */
  constructor(db: Pick<SqliteConnection, 'emptiesLog'>, searches: SearchTurns, notice: (message: string) => void) {
    this.#db = db
    this.#searches = searches
    this.#notice = notice
  }

  /** Notes that a commit removed secrets. */
  due(): void {
    this.#isDue = true
  }

  /** Scrubs if it is due and nothing prevents it. */
  tryNow(): void {
    if (this.#isDue && !this.#underWay && this.#searches.areNone) this.#scrub()
  }

  /**
   * Resolves when the log contains nothing that was removed before this call. New searches wait meanwhile. When another process or a full
   * disk prevents it for PATIENCE_MS, it resolves anyway, because the removal is committed; the log is emptied later.
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

  /** Returns whether the log is now empty. Later removals make it due again, separately. */
  #scrub(): boolean {
    if (this.#isClosed) return false
    try {
      this.#isDue = !this.#db.emptiesLog()
    } catch {
      // The disk is full; `done` reports it.
      this.#isDue = true
    }
    if (!this.#isDue) this.#underWay = null
    return !this.#isDue
  }

  /** Ends the work in progress. Closing the database empties its log. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#underWay
  }
}
