// Listens on all ports, and stops gracefully.
import { once } from 'node:events'
import type { Server } from 'node:http'
import { Server as PlainServer } from 'node:net'
import type { Address } from '../settings/listen.ts'
import { Edge } from './edge.ts'
import type { House } from './house.ts'
import { DEFAULT_LIMITS, type Limits } from './limits.ts'
import { endpointOf, listening } from './ports.ts'
import type { ServerCertificate } from './server-certificate.ts'

export interface Listening {
  /** The endpoints, such as http://127.0.0.1:7700, in the order of the addresses. */
  readonly endpoints: readonly string[]
  /** How many connections are open. */
  connections(): number
  /** Accepts no new calls, finishes the calls in progress, and closes all connections, after `deadlineMs` at the latest. */
  stop(deadlineMs: number): Promise<void>
}

/** Serves on all addresses, which share the limits. If it can't listen on one of them, rejects and listens on none. */
export async function listen(
  house: House,
  addresses: readonly Address[],
  certificate: ServerCertificate | null,
  overrides: Partial<Limits> = {},
): Promise<Listening> {
  const limits = { ...DEFAULT_LIMITS, ...overrides }
  const edge = new Edge(house, limits)
  const servers: Server[] = []
  try {
    for (const { host, port, region } of addresses) {
      const server = edge.server(region, certificate)
      await listening(server, host, port)
      servers.push(server)
    }
  } catch (error) {
    for (const server of servers) server.close()
    edge.end()
    throw error
  }
  return {
    endpoints: servers.map((server, i) => endpointOf(server, addresses[i]?.host ?? '', certificate !== null)),
    connections: () => edge.connections.open,
    stop: async (deadlineMs) => {
      const closed = Promise.all(servers.map((server) => once(server, 'close')))
      await closePorts(servers)
      await edge.drain(servers, closed, deadlineMs)
    },
  }
}

/** How many connections are accepted after the signal to stop. */
const LAST_CONNECTIONS = 4096

/**
 * Accepts the connections in the system's queue, and then closes the ports. The system would reset queued connections, although clients may have sent
 * calls on them.
 */
export async function closePorts(servers: readonly PlainServer[]): Promise<void> {
  let accepted = 0
  const count = () => void accepted++
  for (const server of servers) server.on('connection', count)
  // Bytes that arrived with a connection are read in the turn of the event loop after the connection is accepted.
  for (let [quiet, before] = [0, 0]; quiet < 2 && accepted < LAST_CONNECTIONS; before = accepted) {
    await new Promise((resolve) => setImmediate(resolve))
    quiet = accepted === before ? quiet + 1 : 0
  }
  // node:http's own close would also close idle connections at once.
  for (const server of servers) PlainServer.prototype.close.call(server.off('connection', count))
}
