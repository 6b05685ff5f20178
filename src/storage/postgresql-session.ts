// A session of the database: a connection reserved for one transaction. Its methods reject with errors of the driver.
import { within } from './lost-connection.ts'
import { type Connection, demandOpen, type Pool, reserve } from './postgresql-connections.ts'
import type { Bound } from './statement.ts'

const CONNECTION_PATIENCE_MS = 3000
/**
 * The database ends a transaction that waits this long for a lock, or hears nothing from its server for this long. So a server that stops
 * in the middle does not block others, and a server that gave up leaves no waiting transaction.
 */
const TRANSACTION_PATIENCE_MS = 10_000
// READ COMMITTED: the statements that check a batch's basis must see everything committed before each of them.
const begin = (idleMs: number) =>
  `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = ${TRANSACTION_PATIENCE_MS}; SET LOCAL idle_in_transaction_session_timeout = ${idleMs}`
const BEGIN = begin(TRANSACTION_PATIENCE_MS)
/** The same for a transaction that holds the change number for two round trips, while all other changes wait for it. */
const BEGIN_HOLDING = begin(2000)

/** Reserves a connection of the pool. Queries that are awaited together may take `patienceMs` milliseconds in total. */
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

  /** Begins a transaction. The driver sends this query, and those of `send` and `commit`, when they are awaited. */
  begin() {
    return this.#connection.unsafe(BEGIN)
  }

  /** The same for a transaction that holds the change number before it knows everything that it will store. */
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

  /** Resolves as the queries do. Rejects with a lost connection when they take too long, or when a connection of the pool closes. */
  answered<T>(queries: PromiseLike<T>): Promise<T> {
    return within(this.#patienceMs, queries, this.pool.underWay)
  }

  /**
   * Gives the connection back to the pool. A lost connection must not be released: it would serve the next query. It ends with its pool.
   */
  release(): void {
    this.#connection.release()
  }
}
