// Limits the open connections of each source and in total, and decides which one is closed when there are too many.
import { isLoopback } from '../settings/listen.ts'
import type { Limits } from './limits.ts'
import { type Holder, Shares } from './shares.ts'

/** The properties of a connection that admission uses. */
export interface Admitted extends Holder {
  readonly address: string
  /** Whether a call of an authenticated caller came on it. */
  known: boolean
  /** An increasing number for the time of the last such call. */
  calledIn: number
  /** Whether a complete request awaits its answer. */
  readonly working: boolean
}

export class Admission<H extends Admitted> {
  /** The connections without a call of an authenticated caller. */
  readonly #strangers = new Shares<H>()
  readonly #known = new Shares<H>()
  readonly #limits: Pick<Limits, 'maxConnections' | 'maxConnectionsPerSource'>
  readonly #end: (leaving: H) => void

  /** `end` closes a connection that gives way. It no longer counts at that point. */
  constructor(limits: Pick<Limits, 'maxConnections' | 'maxConnectionsPerSource'>, end: (leaving: H) => void) {
    this.#limits = limits
    this.#end = end
  }

  /** How many connections are open. */
  get open(): number {
    return this.#strangers.total + this.#known.total
  }

  /** Admits a new connection. When there are too many, another one gives way; returns false when none may give way. */
  admit(connection: H): boolean {
    if (!this.#hasRoom(connection)) return false
    this.#strangers.take(connection, 1)
    return true
  }

  /** Notes that a call of an authenticated caller came on the connection. */
  recognize(connection: H): void {
    if (connection.known) return
    connection.known = true
    // A connection that has closed meanwhile does not count any more.
    if (this.#strangers.drop(connection, 1)) this.#known.take(connection, 1)
  }

  /** Notes that the connection is closed. */
  drop(connection: H): void {
    const shares = connection.known ? this.#known : this.#strangers
    shares.drop(connection, 1)
  }

  *[Symbol.iterator](): Iterator<H> {
    yield* this.#strangers
    yield* this.#known
  }

  #hasRoom({ source, address }: H): boolean {
    const { maxConnections, maxConnectionsPerSource } = this.#limits
    const own = this.#strangers.of(source) + this.#known.of(source)
    if (own >= maxConnectionsPerSource && !isLoopback(address))
      return this.#makeRoom(source, this.#known.holders(source))
    return this.open < maxConnections || this.#makeRoom(this.#strangers.heaviest(), this.#known)
  }

  /** Closes the oldest unauthenticated connection of a source, or else an idle one of `known`. Returns whether it closed one. */
  #makeRoom(source: string | null, known: Iterable<H>): boolean {
    const [oldest] = source === null ? [] : this.#strangers.holders(source)
    const leaving = oldest ?? this.#atRest(known)
    if (!leaving) return false
    this.drop(leaving)
    this.#end(leaving)
    return true
  }

  /** Returns, of the idle connections of the heaviest source, the one without a call for the longest time. */
  #atRest(known: Iterable<H>): H | null {
    let found: H | null = null
    let most = 0
    for (const connection of known) {
      if (connection.working) continue
      const held = this.#known.of(connection.source)
      if (found && (held < most || (held === most && connection.calledIn >= found.calledIn))) continue
      found = connection
      most = held
    }
    return found
  }
}
