// Connections to PostgreSQL.
import postgres from 'postgres'
import { Unavailable } from './storage.ts'

const CONNECTIONS = 8

/** Connections, and whether one of them was closed. */
export interface Pool {
  readonly sql: Sql
  closed: boolean
  /** Rejects when one is closed: the driver may never settle what was sent there. */
  readonly closing: Promise<never>
}

export function closedError(): Error {
  return Object.assign(new Error('a connection was closed'), { code: 'CONNECTION_CLOSED' })
}

export function connect(url: string): Pool {
  const closing = Promise.withResolvers<never>()
  closing.promise.catch(() => {})
  const onclose = () => {
    pool.closed = true
    closing.reject(closedError())
  }
  const sql = postgres(url, {
    onclose,
    // None is closed but when it breaks.
    max_lifetime: null,
    max: CONNECTIONS,
    connect_timeout: 10,
    // The driver asks a new connection for its types by a query of its own, whose failure nobody could handle.
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

/** Errors of the connection and of the server become Unavailable. */
export async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && ('code' in error || error.name === 'PostgresError'))
      throw new Unavailable(`PostgreSQL: ${error.message}`, { cause: error })
    throw error
  }
}
