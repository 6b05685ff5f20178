// Turns: who changes records shares a lock of the database for the length of its transaction, and a server that takes a turn has it alone.
// PostgreSQL hands it out in the order in which it was asked for.
import { within } from './lost-connection.ts'
import type { Pool } from './postgresql-connections.ts'

/** The lock's number: any that nothing else in the database uses. */
const LOCK = 7_203_114_895
/** How much later than the server the database ends a turn: the server may have been stopped. */
const GRACE_MS = 1000
/** Waits, in a transaction that changes records, for the turns of other servers. */
export const BEHIND_TURNS = `SELECT pg_advisory_xact_lock_shared(${LOCK})`
const take = (ms: number) =>
  `SET LOCAL lock_timeout = 10000; SET LOCAL idle_in_transaction_session_timeout = ${ms + GRACE_MS}; SELECT pg_advisory_xact_lock(${LOCK})`

/** The turns of one server, on a connection of their own: those of the pool are for its batches, which a turn must not wait for. */
export class Turns {
  readonly #connect: () => Pool
  readonly #patienceMs: number
  readonly #turnMs: number
  #pool: Pool | null = null
  #end: (() => void) | null = null

  /** A turn lasts `turnMs` milliseconds at the most. */
  constructor(connect: () => Pool, patienceMs: number, turnMs: number) {
    this.#connect = connect
    this.#patienceMs = patienceMs
    this.#turnMs = turnMs
  }

  /** Whether the server has a turn, as far as it knows. */
  get has(): boolean {
    return this.#end !== null && !this.#pool?.closed
  }

  /** Waits for the transactions that change records, and keeps others from beginning. Throws errors of the driver. */
  async take(): Promise<void> {
    if (this.has) return
    if (this.#pool?.closed) await this.close()
    this.#pool ??= this.#connect()
    const pool = this.#pool
    const [taken, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const transaction = pool.sql.begin(async (connection) => {
      await connection.unsafe(take(this.#turnMs))
      taken.resolve()
      await ended.promise
    })
    // A turn whose connection is lost has ended with it.
    transaction.catch((error: unknown) => {
      pool.closed = true
      taken.reject(error)
    })
    try {
      await within(this.#patienceMs, taken.promise, pool.underWay)
    } catch (error) {
      pool.closed = true
      ended.resolve()
      throw error
    }
    const timer = setTimeout(() => this.end(), this.#turnMs)
    this.#end = () => {
      clearTimeout(timer)
      ended.resolve()
    }
  }

  end(): void {
    this.#end?.()
    this.#end = null
  }

  async close(): Promise<void> {
    this.end()
    const pool = this.#pool
    this.#pool = null
    await pool?.end(0)
  }
}
