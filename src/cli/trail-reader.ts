// Reads a growing trail by LookupEvents, and yields every event once. LookupEvents orders events by the second in which the call began, but
// an event is recorded when the call ends. So a new event may lie before the last one read. Each poll therefore reads the last seconds
// again, and now and then the last minutes; the ids of events show which are new.

export type TrailEvent = Readonly<Record<string, unknown>> & { readonly eventId: string; readonly eventTime: string }

/** One page of a lookup, oldest event first. `end` is the last second that the lookup searched: the server's present, or an earlier one. */
export interface EventPage {
  readonly events: readonly TrailEvent[]
  readonly end: number
  readonly next: string | null
  /** The id of the event that records this lookup itself. */
  readonly requestId: string
}

/** Looks events up from a second on, or continues after a page. Seconds are since 1970. */
export type LookUp = (from: number, next: string | null) => Promise<EventPage>

/** How many seconds each poll reads again. */
const OVERLAP_S = 3
/** How late an event may be recorded and still be read. */
export const LATE_S = 120
/** How often the reader reads the last LATE_S seconds again. */
const SWEEP_S = 30

export class TrailReader {
  readonly #lookUp: LookUp
  readonly #since: number
  /** Events that a later poll may read again, with their seconds; null for this reader's own lookups whose events it has not yet read. */
  readonly #seen = new Map<string, number | null>()
  /** The lookups of this poll, and of the poll before. */
  #asking: string[] = []
  #asked: readonly string[] = []
  /** The last second that was read, and the last second that was read when the last LATE_S seconds were. */
  #end: number
  #swept: number

  /** Leaves out events before `since`, and events whose ids are in `own`. */
  constructor(lookUp: LookUp, since: number, own: readonly string[] = []) {
    this.#lookUp = lookUp
    for (const id of own) this.#note(id)
    this.#since = since
    this.#end = since
    this.#swept = since
  }

  /** The last second that was read. */
  get end(): number {
    return this.#end
  }

  /**
   * Yields the events recorded since the last poll, page by page. After a failure, the next poll reads the same again and yields the rest.
   */
  async *poll(): AsyncGenerator<readonly TrailEvent[]> {
    const sweeps = this.#end - this.#swept >= SWEEP_S
    const from = sweeps ? this.#swept - LATE_S : this.#end - OVERLAP_S
    let end = this.#end
    for (let next: string | null = null; ; ) {
      // The server refuses a lookup that begins at its present.
      const page: EventPage = await this.#lookUp(Math.max(from, this.#since) - 1, next)
      this.#note(page.requestId)
      // Later pages of a lookup end where the first page ended.
      if (next === null) end = Math.max(end, page.end)
      yield page.events.filter((event) => this.#isNew(event))
      next = page.next
      if (next === null) break
    }
    this.#end = end
    if (sweeps) this.#swept = end
    this.#forget()
  }

  #note(requestId: string): void {
    this.#seen.set(requestId, null)
    this.#asking.push(requestId)
  }

  #isNew({ eventId, eventTime }: TrailEvent): boolean {
    const second = Math.floor(Date.parse(eventTime) / 1000)
    const isNew = second >= this.#since && !this.#seen.has(eventId)
    if (isNew || this.#seen.get(eventId) === null) this.#seen.set(eventId, second)
    return isNew
  }

  /** Forgets events that no later poll can read. */
  #forget(): void {
    // A filter may hide the events of the reader's own lookups for ever.
    for (const id of this.#asked) if (this.#seen.get(id) === null) this.#seen.set(id, this.#end)
    this.#asked = this.#asking
    this.#asking = []
    const first = this.#swept - LATE_S - 1
    for (const [id, second] of this.#seen) if (second !== null && second < first) this.#seen.delete(id)
  }
}
