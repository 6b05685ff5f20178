// The pool in use. Another pool replaces it as soon as one of its connections is lost.
import { isLost, within } from './lost-connection.ts'
import { closedError, type Pool, reaching } from './postgresql-connections.ts'
import type { Columns } from './rows.ts'
import type { Bound } from './statement.ts'

export class LivePool {
  #pool: Pool
  readonly #connect: () => Pool
  #ended = false
  /** The most time for a query in milliseconds. A query that takes longer counts as lost, and so does its connection. */
  readonly patienceMs: number
  /** The most time for a search: less, so that a long search does not count as a lost connection. */
  readonly searchMs: number

  constructor(pool: Pool, connect: () => Pool, patienceMs: number) {
    this.#pool = pool
    this.#connect = connect
    this.patienceMs = patienceMs
    this.searchMs = Math.ceil((patienceMs * 2) / 3)
  }

  /** The pool, even if one of its connections has closed. */
  get current(): Pool {
    return this.#pool
  }

  /** A pool without closed connections, for new work. Throws a lost connection after `end`. */
  open(): Pool {
    if (this.#ended) throw closedError()
    if (this.#pool.closed) this.renew(this.#pool)
    return this.#pool
  }

  /** Replaces this pool, once. After a broken connection, the driver's state is unreliable. */
  renew(former: Pool): void {
    if (former !== this.#pool || this.#ended) return
    this.#pool = this.#connect()
    former.end(0).catch(() => {})
  }

  /**
   * Closes all connections; those with queries after `seconds`. No other pool replaces this one any more: nobody would close the connections of
   * that one.
   */
  end(seconds: number): Promise<void> {
    this.#ended = true
    return this.#pool.end(seconds)
  }

  /** Does work on the pool. Throws Unavailable. */
  using<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    return reaching(async () => {
      const pool = this.open()
      try {
        return await work(pool)
      } catch (error) {
        // Other work would lose the same connections, and another host may be the primary by now.
        if (isLost(error)) this.renew(pool)
        throw error
      }
    })
  }

  /** Runs a statement of a search on a connection for searches. The database ends it after `searchMs`. Throws Unavailable. */
  search({ text, values }: Bound): Promise<readonly Columns[]> {
    return this.using((pool) => {
      const found = pool.searching.begin('READ ONLY', async (sql) => {
        const limit = sql.unsafe(`SET LOCAL statement_timeout = ${this.searchMs}`)
        const [, rows] = await Promise.all([limit, sql.unsafe(text, values, { prepare: true })])
        return rows
      })
      return within(this.patienceMs, found, pool.underWay)
    })
  }

  /** Runs a statement outside of a transaction. Returns all of its rows. Throws Unavailable. */
  all({ text, values }: Bound): Promise<readonly Columns[]> {
    return this.using((pool) => within(this.patienceMs, pool.sql.unsafe(text, values, { prepare: true })))
  }
}
