// Connections to PostgreSQL. Of several hosts they go to the one that accepts writes.
import type { Socket } from 'node:net'
import postgres from 'postgres'
import { type UnderWay, within } from './lost-connection.ts'
import { type Address, addressOf, type Host } from './postgresql-address.ts'
import { failing, nameOf, openSocket } from './postgresql-socket.ts'
import { Unavailable } from './storage.ts'

const CONNECTIONS = 8
/** How many searches run at once, each on a connection for searches alone. */
export const SEARCHES = 2
/** How long a host may take to say whether it accepts writes. Less than a batch waits for a connection. */
const PROBE_MS = 2500
/**
 * What warns, in place of an error, that a commit was not confirmed by the synchronous standby, because its wait was cancelled: by
 * statement_timeout, or by an administrator.
 */
const UNREPLICATED = 'SyncRepWaitForLSN'
/** How long the driver waits at most before it opens a connection again, in seconds. */
const LONGEST_PAUSE_S = 0.5

/** A pool of connections, and whether one of them has closed. */
export interface Pool {
  readonly sql: Sql
  /** For searches, which may take long: no other work waits for them. They go to the same host, and close with the others. */
  readonly searching: Sql
  closed: boolean
  /** Whether a query has opened a connection. */
  opened: boolean
  /** What ends when one closes: the driver may never settle the queries that were sent on it. */
  readonly underWay: UnderWay
  /** Closes all connections, after `seconds` those with queries too. */
  end(seconds: number): Promise<void>
}

/** Throws once a connection of the pool is closed: a query for a closed connection makes the driver fail for all others. */
export function demandOpen(pool: Pool): void {
  if (pool.closed) throw closedError()
}

/** The error of a query on a closed connection. */
function closedError(): Error {
  return Object.assign(new Error('a connection was closed'), { code: 'CONNECTION_CLOSED' })
}

/**
 * A pool for the database that `url` names; it connects at the first query. All of its connections go to one host. Throws with what to
 * change in the connection string.
 */
export function connect(url: string): Pool {
  const address = addressOf(url)
  let host: Promise<Host> | null = null
  const chosen = async () => {
    host ??= writable(address)
    try {
      return await host
    } catch (error) {
      host = null
      throw error
    }
  }
  const close = (error: Error) => {
    pool.closed = true
    for (const fail of pool.underWay) fail(error)
  }
  const watching: Watching = {
    onclose: () => close(closedError()),
    onnotice: ({ routine, message = '' }) => {
      if (routine === UNREPLICATED) close(Object.assign(new Error(message), { code: 'CONNECTION_CLOSED' }))
    },
  }
  const [main, searching] = [CONNECTIONS, SEARCHES].map((most) =>
    driver(address, most, async () => openSocket(address, await chosen()), watching),
  ) as [Driver, Driver]
  const pool: Pool = {
    sql: main.sql,
    searching: searching.sql,
    closed: false,
    opened: false,
    underWay: new Set(),
    async end(seconds) {
      await Promise.all([main.end(seconds), searching.end(0)])
    },
  }
  return pool
}

type Driver = Pick<Pool, 'sql' | 'end'>

interface Watching {
  onclose(): void
  onnotice(notice: postgres.Notice): void
}

/** The driver, with sockets of ours: by itself it tries a dead host for ever, and verifies no certificate of an IP address. */
function driver(address: Address, max: number, open: () => Promise<Socket>, watching: Watching): Driver {
  const { user, password, database, parameters } = address
  const sockets = new Set<Socket>()
  let ended = false
  const socket = async () => {
    const one = await open().catch(failing)
    sockets.add(one)
    one.on('close', () => sockets.delete(one))
    // Nobody would close what opens after the end.
    if (ended) one.destroy(closedError())
    return one
  }
  const sql = postgres({
    ...{ socket },
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    connection: parameters,
    max,
    ...watching,
    ssl: false,
    // A connection closes only when it breaks.
    max_lifetime: null,
    connect_timeout: address.connectTimeout,
    backoff: (failures: number) => Math.min(2 ** failures / 100, LONGEST_PAUSE_S),
    // The driver would fetch types on each new connection by a query of its own, whose failure no code could handle.
    fetch_types: false,
    transform: { undefined: null },
    types: { bigint: { to: 20, from: [20], serialize: String, parse: Number } },
  })
  return {
    sql,
    async end(seconds) {
      ended = true
      await sql.end({ timeout: seconds })
      // The driver only half closes them, and a silent host never does its half.
      for (const one of sockets) one.destroy()
    },
  }
}

/** The host that accepts writes: the only one there is, or the first of several to say so. Rejects with what each of them said. */
async function writable(address: Address): Promise<Host> {
  const { hosts } = address
  if (hosts.length === 1) return hosts[0]
  try {
    return await Promise.any(hosts.map((host) => accepted(address, host)))
  } catch (error) {
    const reasons = (error as AggregateError).errors.map((one) => (one as Error).message)
    throw Object.assign(new Error(`no host accepts writes: ${reasons.join('; ')}`, { cause: error }), {
      code: 'CONNECTION_CLOSED',
    })
  }
}

/** Resolves with the host when it accepts writes. */
async function accepted(address: Address, host: Host): Promise<Host> {
  const brief = { ...address, connectTimeout: Math.min(address.connectTimeout, PROBE_MS / 1000) }
  const { sql, end } = driver(brief, 1, () => openSocket(brief, host), { onclose: () => {}, onnotice: () => {} })
  try {
    const [row] = await within(PROBE_MS, sql.unsafe('SHOW transaction_read_only'))
    if (row?.['transaction_read_only'] === 'off') return host
  } catch (error) {
    const { message } = error as Error
    throw new Error(message.startsWith(nameOf(host)) ? message : `${nameOf(host)}: ${message}`, { cause: error })
  } finally {
    await end(0)
  }
  throw new Error(`${nameOf(host)}: read-only, as a standby is`)
}

/**
 * Opens one connection, sends one statement that returns nothing, and closes it again. After `ms` milliseconds nothing of it is left. Rejects
 * with the error of the connection or of the server.
 */
export async function visit(address: Address, statement: string, ms: number): Promise<void> {
  const parameters = { ...address.parameters, statement_timeout: String(ms) }
  const visited = { ...address, parameters, connectTimeout: Math.min(address.connectTimeout, ms / 1000) }
  const open = async () => openSocket(visited, await writable(visited))
  const { sql, end } = driver(visited, 1, open, { onclose: () => {}, onnotice: () => {} })
  try {
    await within(ms, sql.unsafe(statement))
  } finally {
    await end(0)
  }
}

export type Sql = postgres.Sql<{ bigint: number }>
export type Connection = postgres.ReservedSql<{ bigint: number }>

/**
 * Reserves a connection. The driver never hands out one that it opened for this alone, so a query opens the first one. Rejects with a lost
 * connection when that takes longer than `ms` milliseconds, and with Unavailable when all are in use for so long: none of them need be lost.
 */
export async function reserve(pool: Pool, ms: number): Promise<Connection> {
  if (!pool.opened) await within(ms, pool.sql.unsafe('SELECT 1'), pool.underWay)
  pool.opened = true
  const reserved = pool.sql.reserve()
  const busy = () => new Unavailable(`PostgreSQL: all connections were in use for ${ms} ms`)
  return within(ms, reserved, pool.underWay, busy).catch((error: unknown) => {
    reserved.then(
      (late) => late.release(),
      () => {},
    )
    throw error
  })
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
