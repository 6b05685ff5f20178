// The pool in use: another one takes its place as soon as one of its connections is lost.
import { isLost, within } from './lost-connection.ts'
import { type Pool, reaching } from './postgresql-connections.ts'
import type { Columns } from './rows.ts'
import type { Bound } from './statement.ts'

export class LivePool {
  #pool: Pool
  readonly #connect: () => Pool
  /** How long a query may take, in milliseconds: one that takes longer counts as lost, and so does its connection. */
  readonly patienceMs: number

  constructor(pool: Pool, connect: () => Pool, patienceMs: number) {
    this.#pool = pool
    this.#connect = connect
    this.patienceMs = patienceMs
  }

  /** The pool, even if a connection of it has closed. */
  get current(): Pool {
    return this.#pool
  }

  /** The pool for new work: none of its connections has closed. */
  open(): Pool {
    if (this.#pool.closed) this.renew(this.#pool)
    return this.#pool
  }

  /** Replaces all connections, once: the state that a broken one leaves in the driver can't be relied on. */
  renew(former: Pool): void {
    if (former !== this.#pool) return
    this.#pool = this.#connect()
    former.end(0).catch(() => {})
  }

  /** Does work on the pool. Throws Unavailable. */
  async using<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    const pool = this.open()
    return reaching(async () => {
      try {
        return await work(pool)
      } catch (error) {
        // Other work would meet the same loss, and another host may be the primary by now.
        if (isLost(error)) this.renew(pool)
        throw error
      }
    })
  }

  /** Runs a statement outside of a transaction; returns all of its rows. Throws Unavailable. */
  all({ text, values }: Bound): Promise<readonly Columns[]> {
    return this.using((pool) => within(this.patienceMs, pool.sql.unsafe(text, values, { prepare: true })))
  }
}
