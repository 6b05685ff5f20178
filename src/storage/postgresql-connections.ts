// Connections to PostgreSQL.
import postgres from 'postgres'
import type { UnderWay } from './lost-connection.ts'
import { Unavailable } from './storage.ts'

const CONNECTIONS = 8

/** A pool of connections, and whether one of them has closed. */
export interface Pool {
  readonly sql: Sql
  closed: boolean
  /** Whether a query has opened a connection. */
  opened: boolean
  /** What ends when one closes: the driver may never settle the queries that were sent on it. */
  readonly underWay: UnderWay
}

/** The error of a query on a closed connection. */
export function closedError(): Error {
  return Object.assign(new Error('a connection was closed'), { code: 'CONNECTION_CLOSED' })
}

/** A pool for the database that `url` names; it connects at the first query. */
export function connect(url: string): Pool {
  const onclose = () => {
    pool.closed = true
    for (const fail of pool.underWay) fail(closedError())
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
  const pool: Pool = { sql, closed: false, opened: false, underWay: new Set() }
  return pool
}

export type Sql = postgres.Sql<{ bigint: number }>
export type Connection = postgres.ReservedSql<{ bigint: number }>

/** Reserves a connection. The driver never hands out one that it opened for this alone, so a query opens the first one. */
export async function reserve(pool: Pool): Promise<Connection> {
  if (!pool.opened) await pool.sql.unsafe('SELECT 1')
  pool.opened = true
  return pool.sql.reserve()
}

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
