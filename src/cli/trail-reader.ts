// Reads the trail by LookupEvents as it grows: every event once. A lookup goes by the second in which calls were made, and a call is
// recorded when it ends, so what is new may lie behind what was read. Each poll therefore reads the last seconds again, and from time to
// time the last minutes; ids tell what was seen.

export type TrailEvent = Readonly<Record<string, unknown>> & { readonly eventId: string; readonly eventTime: string }

/** One page of a lookup, the oldest event first. `end` is the last second that was searched: the server's present, or earlier. */
export interface EventPage {
  readonly events: readonly TrailEvent[]
  readonly end: number
  readonly next: string | null
  /** The id of the event that the lookup itself leaves. */
  readonly requestId: string
}

/** Looks events up from a second on, or goes on behind a page. Seconds are since 1970. */
export type LookUp = (from: number, next: string | null) => Promise<EventPage>

/** What is read again at each poll. */
const OVERLAP_S = 3
/** How late an event may be recorded, and still be read. */
export const LATE_S = 120
/** How often the last LATE_S are read again. */
export const SWEEP_S = 30

export class TrailReader {
  readonly #lookUp: LookUp
  readonly #since: number
  /** Events that a later poll may read again, with their seconds; null for lookups of this reader that it has not read itself. */
  readonly #seen = new Map<string, number | null>()
  /** The lookups of this poll, and of the one before. */
  #asking: string[] = []
  #asked: readonly string[] = []
  /** Up to which second all was read, and was read when the last minutes were. */
  #end: number
  #swept: number

  /** Events of earlier seconds than `since` are left out, and those with the ids of `own`. */
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

  /** Gives what came since the poll before, a page at a time. Where one fails, the next one reads the same again and gives what is missing. */
  async *poll(): AsyncGenerator<readonly TrailEvent[]> {
    const sweeps = this.#end - this.#swept >= SWEEP_S
    const from = sweeps ? this.#swept - LATE_S : this.#end - OVERLAP_S
    let end = this.#end
    for (let next: string | null = null; ; ) {
      // A lookup that begins at the server's present is refused.
      const page: EventPage = await this.#lookUp(Math.max(from, this.#since) - 1, next)
      this.#note(page.requestId)
      // Later pages of a lookup end where its first one did.
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

  /** Forgets events that no later poll reads. */
  #forget(): void {
    // A filter may keep them from ever being read.
    for (const id of this.#asked) if (this.#seen.get(id) === null) this.#seen.set(id, this.#end)
    this.#asked = this.#asking
    this.#asking = []
    const first = this.#swept - LATE_S - 1
    for (const [id, second] of this.#seen) if (second !== null && second < first) this.#seen.delete(id)
  }
}
