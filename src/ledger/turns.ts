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
/** How long there is no turn after one in which no late call was decided in time: others wait a sixth of the time at the most. */
const PAUSE_MS = 5 * TURN_MS

interface Rooms {
  readonly storage: Pick<Storage, 'takeTurn'>
  readonly chaining: { readonly place: Parameters<NonNullable<Storage['takeTurn']>>[0] }
  readonly changes: Pick<FollowedChanges, 'follow' | 'ofOthers'>
  readonly runtime: Pick<Runtime, 'after' | 'monotonic'>
}

/** The view that a call reads through, if it reads. */
type View = Pick<LedgerView, 'attempt' | 'basis'> | undefined

interface Late {
  readonly resolve: (outcome: Committed) => void
  readonly reject: (error: unknown) => void
}

export class Turns {
  readonly #rooms: Rooms
  #turn: Turn | null = null
  #notBefore = Number.NEGATIVE_INFINITY
  #arrived: () => void = () => {}

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  /**
   * Whether a call with this view that was moved needs a turn; `isBehind` says whether others may have changed something that was not
   * followed.
   */
  isLate(view: View, isBehind: boolean): boolean {
    const { storage, changes, runtime } = this.#rooms
    if (!view || view.attempt < ATTEMPTS || !storage.takeTurn || runtime.monotonic() < this.#notBefore) return false
    return isBehind || view.basis < changes.ofOthers
  }

  /** Notes that a call with this view is to be committed; returns whether it may be a late one. */
  arrived(view: View): boolean {
    if (!view || view.attempt <= ATTEMPTS) return false
    this.#arrived()
    return true
  }

  /** The turn that the next batch is committed in, and ends; null for none. */
  next(): Turn | null {
    const turn = this.#turn
    this.#turn = null
    return turn
  }

  /**
   * Takes a turn and has the late calls decided again. Resolves when all of them are to be committed, or at the end of their time. Never
   * rejects: the calls do where there is no turn to be had.
   */
  async take(late: readonly Late[]): Promise<void> {
    const { storage, chaining, changes } = this.#rooms
    let turn: Turn | null = null
    try {
      turn = (await storage.takeTurn?.(chaining.place)) ?? null
      await changes.follow()
    } catch (error) {
      await turn?.end()
      for (const { reject } of late) reject(error)
      return
    }
    const arrived = this.#arrivalOf(late.length)
    for (const { resolve } of late) resolve('moved')
    if (await arrived) this.#turn = turn
    else {
      this.#notBefore = this.#rooms.runtime.monotonic() + PAUSE_MS
      await turn?.end()
    }
  }

  /** Resolves when so many late calls have arrived, or some in time; false where none has. */
  #arrivalOf(count: number): Promise<boolean> {
    return new Promise((resolve) => {
      let missing = count
      const end = () => {
        this.#arrived = () => {}
        resolve(missing < count)
      }
      const cancel = this.#rooms.runtime.after(TURN_MS, end)
      this.#arrived = () => {
        missing--
        if (missing > 0) return
        cancel()
        end()
      }
    })
  }
}
