// Which connections may be open, of each source and in total, and which of them gives way when there are too many.
import type { Limits } from './limits.ts'
import { type Holder, Shares } from './shares.ts'
import { isLoopback } from './source.ts'

/** A connection, as far as it counts. */
export interface Admitted extends Holder {
  readonly address: string
  /** Whether a call of an authenticated caller came on it. */
  known: boolean
  /** When the last such call came; later is greater. */
  calledIn: number
  /** Whether a complete request is not answered yet. */
  readonly working: boolean
}

export class Admission<H extends Admitted> {
  /** The connections without a call of an authenticated caller. */
  readonly #strangers = new Shares<H>()
  readonly #known = new Shares<H>()
  readonly #limits: Pick<Limits, 'maxConnections' | 'maxConnectionsPerSource'>
  readonly #end: (leaving: H) => void

  /** `end` closes a connection that gives way; it is dropped already. */
  constructor(limits: Pick<Limits, 'maxConnections' | 'maxConnectionsPerSource'>, end: (leaving: H) => void) {
    this.#limits = limits
    this.#end = end
  }

  /** How many connections are open. */
  get open(): number {
    return this.#strangers.total + this.#known.total
  }

  /** Takes a new connection, for which another gives way when there are too many. Returns false when none may, and takes none then. */
  admit(connection: H): boolean {
    if (!this.#hasRoom(connection)) return false
    this.#strangers.take(connection, 1)
    return true
  }

  /** Notes that a call of an authenticated caller came on the connection. */
  recognize(connection: H): void {
    if (connection.known) return
    connection.known = true
    // A connection that has closed does not count any more.
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

  /** Ends the oldest of a source's strangers; where there is none, one of these known callers' connections, which must be at rest. */
  #makeRoom(source: string | null, known: Iterable<H>): boolean {
    const [oldest] = source === null ? [] : this.#strangers.holders(source)
    const leaving = oldest ?? this.#atRest(known)
    if (!leaving) return false
    this.drop(leaving)
    this.#end(leaving)
    return true
  }

  /** Returns the connection of the heaviest source that has had no call for longest. */
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
