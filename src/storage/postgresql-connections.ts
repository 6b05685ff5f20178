// Connections to PostgreSQL. Of several hosts, they use the one that accepts writes.
import type { Socket } from 'node:net'
import postgres from 'postgres'
import { type UnderWay, within } from './lost-connection.ts'
import { type Address, addressOf, type Host } from './postgresql-address.ts'
import { failing, nameOf, openSocket } from './postgresql-socket.ts'
import { Unavailable } from './storage.ts'

const CONNECTIONS = 8
/** The number of searches at the same time, each on a connection for searches alone. */
export const SEARCHES = 2
/** The time for a host to say whether it accepts writes: less than a batch waits for a connection. */
const PROBE_MS = 2500
/**
 * The source of a warning, not an error, that the synchronous standby has not confirmed a commit, because an administrator cancelled the
 * wait. PostgreSQL's statement_timeout does not: it has ended before the wait.
 */
const UNREPLICATED = 'SyncRepWaitForLSN'
/** More statements than a batch has. Each further statement would be sent only after all before it were answered. */
const MOST_STATEMENTS = 4096
/** The driver's longest pause before it opens a connection again, in seconds. */
const LONGEST_PAUSE_S = 0.5

/** A pool of connections, with their state. */
export interface Pool {
  readonly sql: Sql
  /**
   * Connections for searches, which may take long, so that no other work waits for them. They go to the same host, and close together with
   * the others.
   */
  readonly searching: Sql
  closed: boolean
  /** Whether a query has opened a connection. */
  opened: boolean
  /** Work to end when a connection closes, because the driver may never settle the queries sent on it. */
  readonly underWay: UnderWay
  /** Closes all connections; those with queries after `seconds`. */
  end(seconds: number): Promise<void>
}

/** Throws when a connection of the pool has closed: a query for a closed connection makes the driver fail on all others. */
export function demandOpen(pool: Pool): void {
  if (pool.closed) throw closedError()
}

/** The error of a query on a closed connection. `unopened`: why a connection could not be opened, if the pool has closed because of that. */
export function closedError(unopened: Error | null = null): Error {
  const error = unopened ? new Error(unopened.message, { cause: unopened }) : new Error('a connection was closed')
  return Object.assign(error, { code: 'CONNECTION_CLOSED' })
}

/**
 * A pool for the database at `url`. It connects at the first query; all of its connections go to one host. Throws an error that says what
 * to change in the connection string.
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
  let unopened: Error | null = null
  const open = async () => {
    try {
      return await openSocket(address, await chosen())
    } catch (error) {
      unopened = error as Error
      throw error
    }
  }
  const close = (error: Error) => {
    pool.closed = true
    for (const fail of pool.underWay) fail(error)
  }
  const watching: Watching = {
    onclose: () => close(closedError(unopened)),
    onnotice: ({ routine, message = '' }) => {
      if (routine === UNREPLICATED) close(Object.assign(new Error(message), { code: 'CONNECTION_CLOSED' }))
    },
  }
  const [main, searching] = [CONNECTIONS, SEARCHES].map((most) => driver(address, most, open, watching)) as [
    Driver,
    Driver,
  ]
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

/** The driver, with sockets opened here. The driver's own sockets try a dead host for ever, and verify no certificate of an IP address. */
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
    return gathering(one)
  }
  const sql = postgres({
    ...{ socket, max_pipeline: MOST_STATEMENTS },
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    connection: parameters,
    max,
    ...watching,
    ssl: false,
    // No limit of age: a connection closes only when it breaks.
    max_lifetime: null,
    connect_timeout: address.connectTimeout,
    backoff: (failures: number) => Math.min(2 ** failures / 100, LONGEST_PAUSE_S),
    // Otherwise the driver would query types on each new connection, and no code could handle a failure of that query.
    fetch_types: false,
    transform: { undefined: null },
    types: { bigint: { to: 20, from: [20], serialize: String, parse: Number } },
  })
  return {
    sql,
    async end(seconds) {
      ended = true
      await sql.end({ timeout: seconds })
      // The driver only half-closes its sockets, and a silent host never closes its half.
      for (const open of sockets) open.destroy()
    },
  }
}

/** The host that accepts writes: the only host, or the first of several to say so. Rejects with the answers of all hosts. */
async function writable(address: Address): Promise<Host> {
  const { hosts } = address
  if (hosts.length === 1) return hosts[0]
  try {
    return await Promise.any(hosts.map((host) => accepted(address, host)))
  } catch (error) {
    const reasons = (error as AggregateError).errors.map((reason) => (reason as Error).message)
    throw Object.assign(new Error(`no host accepts writes: ${reasons.join('; ')}`, { cause: error }), {
      code: 'CONNECTION_CLOSED',
    })
  }
}

/** Resolves with the host if it accepts writes. */
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
 * Opens one connection, sends one statement that returns nothing, and closes the connection, all within `ms` milliseconds. Rejects with the
 * error of the connection or of the server.
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

/**
 * Sends what is written in one turn of the event loop at once: the driver writes each larger statement of a batch by itself. Never asks the
 * driver to wait: it would send each of the remaining statements only after all before it were answered, and has all of them in memory anyway.
 */
function gathering(socket: Socket): Socket {
  const { write } = socket
  const gathered = (...written: Parameters<Socket['write']>) => {
    if (socket.writableCorked === 0) {
      socket.cork()
      process.nextTick(() => socket.uncork())
    }
    write.apply(socket, written)
    return true
  }
  return Object.assign(socket, { write: gathered as Socket['write'] })
}

export type Sql = postgres.Sql<{ bigint: number }>
export type Connection = postgres.ReservedSql<{ bigint: number }>

/**
 * Reserves a connection. The driver never hands out a connection that it opened only for a reservation, so a query opens the first one.
 * After `ms` milliseconds, rejects with a lost connection if that query has not ended. Rejects with Unavailable if all connections are in
 * use, because none of these connections need be lost.
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

/** How the driver's own errors of a connection begin. They name the driver's default host, because the sockets are opened here. */
const NAMES_DEFAULT_HOST = /^write CONNECTION_/

/** Turns errors of the connection and of the database server into Unavailable. */
export async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && ('code' in error || error.name === 'PostgresError')) {
      // The log has the messages of all causes.
      const cause = NAMES_DEFAULT_HOST.test(error.message) ? closedError() : error
      throw new Unavailable(`PostgreSQL: ${cause.message}`, { cause })
    }
    throw error
  }
}
