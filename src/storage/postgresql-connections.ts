// Connections to PostgreSQL.
import postgres from 'postgres'
import { Unavailable } from './storage.ts'

const CONNECTIONS = 8

/** A pool of connections, and whether one of them has closed. */
export interface Pool {
  readonly sql: Sql
  closed: boolean
  /** Rejects when one closes: the driver may never settle the queries that were sent on it. */
  readonly closing: Promise<never>
}

/** The error of a query on a closed connection. */
export function closedError(): Error {
  return Object.assign(new Error('a connection was closed'), { code: 'CONNECTION_CLOSED' })
}

/** A pool for the database that `url` names; it connects at the first query. */
export function connect(url: string): Pool {
  const closing = Promise.withResolvers<never>()
  closing.promise.catch(() => {})
  const onclose = () => {
    pool.closed = true
    closing.reject(closedError())
  }
  const sql = postgres(url, {
    onclose,
    // A connection closes only when it breaks.
    max_lifetime: null,
    max: CONNECTIONS,
    connect_timeout: 10,
    // The driver would fetch types on each new connection by a query of its own, whose failure no code could handle.
    fetch_types: false,
    onnotice: () => {},
    transform: { undefined: null },
    types: { bigint: { to: 20, from: [20], serialize: String, parse: Number } },
  })
  const pool: Pool = { sql, closed: false, closing: closing.promise }
  return pool
}

export type Sql = postgres.Sql<{ bigint: number }>
export type Connection = postgres.ReservedSql<{ bigint: number }>

/** Turns errors of the connection and of the database server into Unavailable. */
export async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && ('code' in error || error.name === 'PostgresError'))
      throw new Unavailable(`PostgreSQL: ${error.message}`, { cause: error })
    throw error
  }
}
