// Turns (docs/decisions/0022-turns.md). Where others change what a call has read before each of its commits, it is decided again and again.
// Such a late call is decided and committed in a turn of its server, in which nobody else changes records.
import type { Runtime } from '../runtime/runtime.ts'
import type { Storage, Turn } from '../storage/storage.ts'
import type { Committed } from './call.ts'
import type { FollowedChanges } from './followed-changes.ts'
import type { LedgerView } from './view.ts'

/** A call that was moved so often, the last time after changes by others, is late. */
const ATTEMPTS = 5
/** How long others wait for late calls to be decided. */
const TURN_MS = 1000
/** There is no pause after a shorter turn. */
const QUICK_MS = 200
/** A pause is so many times as long as the turn before it: others wait a sixth of the time at the most. */
const PAUSE = 5

interface Rooms {
  readonly storage: Pick<Storage, 'takeTurn'>
  readonly chaining: { readonly place: Parameters<NonNullable<Storage['takeTurn']>>[0] }
  readonly changes: Pick<FollowedChanges, 'follow' | 'ofOthers'>
  readonly runtime: Pick<Runtime, 'after' | 'monotonic'>
}

/** The view that an attempt of a call reads through; `first` stands for the call. */
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

  /**
   * Whether a call with this view that was moved needs a turn; `isBehind` says whether others may have changed something that was not
   * followed.
   */
  isLate(view: View | undefined, isBehind: boolean): boolean {
    const { storage, changes, runtime } = this.#rooms
    if (!view || view.attempt < ATTEMPTS || !storage.takeTurn || runtime.monotonic() < this.#notBefore) return false
    return isBehind || view.basis < changes.ofOthers
  }

  /** Notes that a call with this view is to be committed; returns whether it may be a late one. */
  arrived(view: View | undefined): boolean {
    if (!view || view.attempt <= ATTEMPTS) return false
    this.#awaited?.settle(view.first, true)
    return true
  }

  /** Notes that the call of this view has ended: nobody waits for it any more. */
  ended(view: View): void {
    this.#awaited?.settle(view.first, false)
  }

  /** The turn that the next batch is committed in, and ends; null for none. */
  next(): Turn | null {
    const turn = this.#turn
    this.#turn = null
    return turn
  }

  /**
   * Takes a turn and has the late calls decided again. Resolves when each of them is to be committed or has ended, or at the end of their
   * time. Never rejects: the calls do where there is no turn to be had.
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

  /** Whether one of the late calls is to be committed. */
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

/** The late calls of a turn that are being decided. */
class AwaitedCalls {
  readonly #calls: Set<object | undefined>
  readonly #cancel: () => void
  #end: () => void = () => {}
  /** Resolves when each of the calls has arrived or ended, or at the end of their time. */
  readonly done: Promise<void>
  /** Whether one is to be committed. */
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
