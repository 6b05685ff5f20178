// Owns time and order: whatever waits is an event in one queue, and one event runs at a time, with all that follows from it at once.
import { createHash } from 'node:crypto'
import { setImmediate as immediate } from 'node:timers/promises'
import type { Random } from './random.ts'

/** What events belong to: a server, the database, a client. The events of a dead one are dropped, those of a paused one wait. */
export interface Owner {
  readonly name: string
  alive: boolean
  pausedUntil: number
}

interface Event {
  readonly at: number
  readonly order: number
  readonly label: string
  readonly owner: Owner
  readonly run: () => void
  cancelled: boolean
}

/** The lines of the trace that a failure shows. */
const SHOWN = 200
/** So many steps run one after the other before what waits outside of the simulation gets a turn: timers of a test, signals. */
const AT_ONCE = 200

export class Scheduler {
  /** Milliseconds since the run began. */
  now = 0
  /** Events that ran. */
  steps = 0
  readonly random: Random
  readonly #heap: Event[] = []
  readonly #hash = createHash('sha256')
  readonly #lines: string[] = []
  /** How many of the last lines are not in the hash yet. */
  #unhashed = 0
  #order = 0

  constructor(random: Random) {
    this.random = random
  }

  /** Runs the work after `ms` milliseconds; the returned function cancels it. */
  after(ms: number, label: string, owner: Owner, run: () => void): () => void {
    const event = { at: this.now + ms, order: this.#order++, label, owner, run, cancelled: false }
    this.#push(event)
    return () => {
      event.cancelled = true
    }
  }

  /** Resolves after `ms` milliseconds. */
  pause(ms: number, label: string, owner: Owner): Promise<void> {
    return new Promise((resolve) => this.after(ms, label, owner, resolve))
  }

  /** Lets time pass in which nothing happens, as on a machine that sleeps: what was due meanwhile happens afterwards, in its order. */
  sleep(ms: number): void {
    this.now += ms
  }

  /** Adds a line to the trace. */
  note(line: string): void {
    this.#unhashed++
    if (this.#lines.push(`${this.now.toFixed(3)} ${line}`) < 2 * SHOWN) return
    this.#hashLines()
    this.#lines.splice(0, SHOWN)
  }

  /** One update for many lines takes a fraction of the time. */
  #hashLines(): void {
    if (this.#unhashed > 0) this.#hash.update(`${this.#lines.slice(-this.#unhashed).join('\n')}\n`)
    this.#unhashed = 0
  }

  /** The last lines of the trace. */
  get lines(): readonly string[] {
    return this.#lines.slice(-SHOWN)
  }

  /** SHA-256 of the whole trace; ends it. */
  digest(): string {
    this.#hashLines()
    return this.#hash.digest('hex')
  }

  /** Runs events until `story` settles, and `afterEach` after each. Rejects as the story does, or when nothing is left that it could wait for. */
  async run(story: Promise<void>, afterEach: () => void, most: number): Promise<void> {
    const end: { how: 'pending' | 'done' | 'failed'; error: unknown } = { how: 'pending', error: null }
    story.then(
      () => {
        end.how = 'done'
      },
      (error: unknown) => {
        end.how = 'failed'
        end.error = error
      },
    )
    for (;;) {
      await (this.steps % AT_ONCE === 0 ? immediate() : drained())
      if (end.how === 'failed') throw end.error
      if (end.how === 'done') return
      afterEach()
      const event = this.#pop()
      if (!event) throw new Error('nothing is left to happen, and the story has not ended')
      if (++this.steps > most) throw new Error(`the story has not ended after ${most} steps`)
      this.note(`${event.owner.name} ${event.label}`)
      event.run()
    }
  }

  /** The next event of an owner that lives and runs. */
  #pop(): Event | null {
    for (;;) {
      const event = this.#take()
      if (!event) return null
      if (event.cancelled || !event.owner.alive) continue
      if (event.owner.pausedUntil > event.at) {
        this.#push({ ...event, at: event.owner.pausedUntil })
        continue
      }
      this.now = Math.max(this.now, event.at)
      return event
    }
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(event, heap[above] as Event)) break
      heap[at] = heap[above] as Event
      at = above
    }
    heap[at] = event
  }

  #take(): Event | undefined {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (heap.length === 0 || !last) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Event, heap[below] as Event)) below++
      if (!isBefore(heap[below] as Event, last)) break
      heap[at] = heap[below] as Event
      at = below
    }
    heap[at] = last
    return first
  }
}

/** Resolves behind all microtasks, so that whatever follows from the event has happened, and sooner than `setImmediate`. */
function drained(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)))
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}
