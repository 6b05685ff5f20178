// The limits of the HTTP edge, which hold before a caller is authenticated.
import { NETWORK } from '../settings/listen.ts'

export interface Limits {
  /** The most connections of all sources. */
  readonly maxConnections: number
  /** The most connections of one source, except of loopback. */
  readonly maxConnectionsPerSource: number
  /** From the connection, or the first byte of a later request, to the end of the headers; also for a TLS handshake. */
  readonly headMs: number
  /** Between two pieces of a body. */
  readonly bodyMs: number
  /** From the first byte of a request to its last. */
  readonly requestMs: number
  /** From an answer to the next request. */
  readonly keepAliveMs: number
  /** Without the client receiving anything of its answer. */
  readonly answerMs: number
  /** For a client that still sends to receive the answer that closes its connection. */
  readonly lingerMs: number
  /** Between two sweeps of the connections. */
  readonly sweepMs: number
  /** What heads may hold in memory together, of each connection that has more than SMALL_BODY_BYTES of them; not while a known caller's request is at work. */
  readonly headBudgetBytes: number
  /** The memory that all bodies longer than SMALL_BODY_BYTES share. */
  readonly bodyBudgetBytes: number
}

export const DEFAULT_LIMITS: Limits = {
  maxConnections: Number(NETWORK['max-connections'].fallback),
  maxConnectionsPerSource: Number(NETWORK['max-connections-per-source'].fallback),
  headMs: 15_000,
  bodyMs: 15_000,
  requestMs: 60_000,
  keepAliveMs: 75_000,
  answerMs: 30_000,
  lingerMs: 1000,
  sweepMs: 1000,
  headBudgetBytes: 67_108_864,
  bodyBudgetBytes: 67_108_864,
}

/** The longest body outside the budget. All calls fit but those with long texts. */
export const SMALL_BODY_BYTES = 16_384

/**
 * The longest body: a value of 64 KiB, the longest there is, takes 192 KiB with each of its bytes percent-encoded, and 64 KiB are left
 * for all other parameters.
 */
export const MAX_BODY_BYTES = 262_144

/**
 * In how many chunks a body without Content-Length may come: each costs a microsecond and more, and takes six bytes. The longest body in one
 * chunk stays below it even where the network cuts it into its smallest segments.
 */
export const MAX_BODY_CHUNKS = 512

/** The longest head, without the request line. */
export const MAX_HEADER_BYTES = 16_384
