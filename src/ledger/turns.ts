// Turns (docs/decisions/0022-turns.md). When others keep changing what a call has read, the call is decided again and again. Such a late
// call is decided and committed in a turn of its server, during which no other server changes records.
import type { Runtime } from '../runtime/runtime.ts'
import type { Storage, Turn } from '../storage/storage.ts'
import type { Committed } from './call.ts'
import type { FollowedChanges } from './followed-changes.ts'
import type { LedgerView } from './view.ts'

/** A call with this many attempts is late, if changes by others moved its last attempt. */
const ATTEMPTS = 5
/** The most time that others wait for the late calls of a turn. */
const TURN_MS = 1000
/** A turn that is shorter than this needs no pause. */
const QUICK_MS = 200
/** The pause after a turn, as a multiple of the turn's length: others wait at most a sixth of the time. */
const PAUSE = 5

interface Rooms {
  readonly storage: Pick<Storage, 'takeTurn'>
  readonly chaining: { readonly place: Parameters<NonNullable<Storage['takeTurn']>>[0] }
  readonly changes: Pick<FollowedChanges, 'follow' | 'ofOthers'>
  readonly runtime: Pick<Runtime, 'after' | 'monotonic'>
}

/** The view of an attempt; `first` identifies the call. */
type View = Pick<LedgerView, 'attempt' | 'basis'> & { readonly first: object }

interface Late {
  readonly call: { readonly view?: { readonly first: object } }
  readonly resolve: (outcome: Committed) => void
  readonly reject: (error: unknown) => void
}

export class Turns {
  readonly #rooms: Rooms
  #turn: Turn | null = null
  #notBefore = Number.NEGATIVE_INFINITY
  #awaited: AwaitedCalls | null = null

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  /** Whether a moved call with this view needs a turn. `isBehind`: others may have changed records that this server has not followed. */
  isLate(view: View | undefined, isBehind: boolean): boolean {
    const { storage, changes, runtime } = this.#rooms
    if (!view || view.attempt < ATTEMPTS || !storage.takeTurn || runtime.monotonic() < this.#notBefore) return false
    return isBehind || view.basis < changes.ofOthers
  }

  /** Notes that a call with this view waits for its commit. Returns whether the call may be late. */
  arrived(view: View | undefined): boolean {
    if (!view || view.attempt <= ATTEMPTS) return false
    this.#awaited?.settle(view.first, true)
    return true
  }

  /** Notes that the call of this view has ended, so that no turn waits for it. */
  ended(view: View): void {
    this.#awaited?.settle(view.first, false)
  }

  /** The turn for the next batch, which ends it; null without one. */
  next(): Turn | null {
    const turn = this.#turn
    this.#turn = null
    return turn
  }

  /**
   * Takes a turn, and makes the late calls decide again. Resolves when each of them waits for its commit or has ended, or when their time
   * is over. Never rejects: without a turn, the calls are rejected.
   */
  async take(late: readonly Late[]): Promise<void> {
    const { storage, chaining, changes, runtime } = this.#rooms
    let turn: Turn | null = null
    let held: number | null = null
    try {
      turn = (await storage.takeTurn?.(chaining.place)) ?? null
      held = runtime.monotonic()
      await changes.follow()
      if (await this.#decidedAgain(late)) this.#turn = turn
    } catch (error) {
      for (const { reject } of late) reject(error)
    }
    if (held !== null) this.#restAfter(runtime.monotonic() - held)
    if (this.#turn !== turn) await turn?.end()
  }

  /** Whether at least one late call waits for its commit. */
  async #decidedAgain(late: readonly Late[]): Promise<boolean> {
    const awaited = new AwaitedCalls(late, this.#rooms.runtime)
    this.#awaited = awaited
    for (const { resolve } of late) resolve('moved')
    await awaited.done
    this.#awaited = null
    return awaited.arrived
  }

  #restAfter(ms: number): void {
    if (ms > QUICK_MS) this.#notBefore = this.#rooms.runtime.monotonic() + PAUSE * ms
  }
}

/** The late calls of a turn that are deciding. */
class AwaitedCalls {
  readonly #calls: Set<object | undefined>
  readonly #cancel: () => void
  #end: () => void = () => {}
  /** Resolves when each call has arrived or ended, or when their time is over. */
  readonly done: Promise<void>
  /** Whether a call waits for its commit. */
  arrived = false

  constructor(late: readonly Late[], runtime: Pick<Runtime, 'after'>) {
    this.#calls = new Set(late.map(({ call }) => call.view?.first))
    this.done = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#cancel = runtime.after(TURN_MS, this.#end)
  }

  settle(call: object, arrived: boolean): void {
    if (!this.#calls.delete(call)) return
    this.arrived ||= arrived
    if (this.#calls.size > 0) return
    this.#cancel()
    this.#end()
  }
}
