// The limits of the HTTP edge, which hold before a caller is authenticated.
import { NETWORK } from '../settings/listen.ts'

export interface Limits {
  /** The limit on connections of all sources together. */
  readonly maxConnections: number
  /** The limit on connections of one source; loopback is exempt. */
  readonly maxConnectionsPerSource: number
  /** The time from the connection, or the first byte of a later request, to the end of the headers. Also limits a TLS handshake. */
  readonly headMs: number
  /** The time between two pieces of a body. */
  readonly bodyMs: number
  /** The time from the first byte of a request to its last. */
  readonly requestMs: number
  /** The time from an answer to the next request. */
  readonly keepAliveMs: number
  /** The time in which the client receives nothing of its answer. */
  readonly answerMs: number
  /** How long a connection stays open after its last answer, so that a client that is still sending can receive it. */
  readonly lingerMs: number
  /**
   * How long a stopping server leaves idle connections open. A client that sends one call after the other has sent its next one by then. Its
   * answer announces the end of the connection, so the client is not cut off.
   */
  readonly idleAtStopMs: number
  /** The interval between sweeps of the connections. */
  readonly sweepMs: number
  /**
   * The memory for all heads together. Connections with at most SMALL_BODY_BYTES of heads do not count, nor do those on which an
   * authenticated caller's request awaits its answer.
   */
  readonly headBudgetBytes: number
  /** The memory for all bodies longer than SMALL_BODY_BYTES together. */
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
  idleAtStopMs: 100,
  sweepMs: 1000,
  headBudgetBytes: 67_108_864,
  bodyBudgetBytes: 67_108_864,
}

/** The longest body outside of the budget. All calls fit except those with long texts. */
export const SMALL_BODY_BYTES = 16_384

/**
 * The longest body. The longest value has 64 KiB and takes 192 KiB with each byte percent-encoded; 64 KiB are left for all other parameters.
 */
export const MAX_BODY_BYTES = 262_144

/**
 * The limit on chunks of a body without Content-Length: a chunk costs a microsecond or more, and only six bytes to send. The longest body stays below
 * the limit even if the network splits it into its smallest segments.
 */
export const MAX_BODY_CHUNKS = 512

/** The longest head, without the request line. */
export const MAX_HEADER_BYTES = 16_384

/**
 * How many requests of a connection without an authenticated call may await their answers. Only clients that send requests before they read answers
 * have more than one.
 */
export const MAX_UNANSWERED = 64

/** The memory of a request besides its head and body, until the client has received its answer. Measured: up to 2.7 KB. */
export const REQUEST_BYTES = 4096
