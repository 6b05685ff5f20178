// A session of the database: a connection that one transaction has for itself. All that it does rejects with errors of the driver.
import { within } from './lost-connection.ts'
import { type Connection, demandOpen, type Pool, reserve } from './postgresql-connections.ts'
import type { Bound } from './statement.ts'

const CONNECTION_PATIENCE_MS = 3000
/**
 * The database ends a transaction that waits so long for a lock, or hears nothing from its server for so long: a server that was
 * stopped in the middle holds up no other one, and a server that gave up leaves no transaction waiting.
 */
const TRANSACTION_PATIENCE_MS = 10_000
// The statements that hold a batch against its basis see what was committed before each of them.
const begin = (idleMs: number) =>
  `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = ${TRANSACTION_PATIENCE_MS}; SET LOCAL idle_in_transaction_session_timeout = ${idleMs}`
const BEGIN = begin(TRANSACTION_PATIENCE_MS)
/** The same for a transaction that holds the change number for two round trips: all that change records wait for it. */
const BEGIN_HOLDING = begin(2000)

/** Reserves a connection of the pool. All queries that are waited for at once may take `patienceMs` milliseconds together. */
export async function openSession(pool: Pool, patienceMs: number): Promise<Session> {
  const connection = await reserve(pool, CONNECTION_PATIENCE_MS)
  demandOpen(pool)
  return new Session(pool, connection, patienceMs)
}

export class Session {
  readonly pool: Pool
  readonly #connection: Connection
  readonly #patienceMs: number

  constructor(pool: Pool, connection: Connection, patienceMs: number) {
    this.pool = pool
    this.#connection = connection
    this.#patienceMs = patienceMs
  }

  /** Begins a transaction. The driver sends this query, and those of `send` and `commit`, when they are waited for. */
  begin() {
    return this.#connection.unsafe(BEGIN)
  }

  /** The same for a transaction that holds the change number before it knows all that it stores. */
  beginHolding() {
    return this.#connection.unsafe(BEGIN_HOLDING)
  }

  send({ text, values }: Bound) {
    return this.#connection.unsafe(text, values, { prepare: true })
  }

  commit() {
    return this.#connection.unsafe('COMMIT')
  }

  async rollBack(): Promise<void> {
    await this.answered(this.#connection.unsafe('ROLLBACK'))
  }

  /** Resolves as the queries do. Rejects with a lost connection when they take too long, or when one of the pool closes. */
  answered<T>(queries: PromiseLike<T>): Promise<T> {
    return within(this.#patienceMs, queries, this.pool.underWay)
  }

  /** Gives the connection back. A lost one goes with its pool; released, it would serve the next query. */
  release(): void {
    this.#connection.release()
  }
}
