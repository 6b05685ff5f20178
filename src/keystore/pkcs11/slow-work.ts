// Limits how much slow work (up to seconds) a token does at once, so that calls that use keys find a free session.
import { Gate } from './gate.ts'

/**
 * The kinds of slow work. Only some pairs are generated at once. Keys are unwrapped one by one, because concurrent unwrapping fails in some
 * libraries.
 */
export type SlowWork = 'pair' | 'unwrap' | 'other'

/** The share of the sessions for slow work that may generate pairs. */
const SHARE_OF_PAIRS = 0.25

export class SlowWorkGates {
  readonly #all: Gate
  readonly #ofKind: Readonly<Record<SlowWork, Gate | null>>

  /** `sessions` returns how many sessions the token has at present. Half of them, but at least one, are for slow work. */
  constructor(sessions: () => number) {
    const most = () => Math.max(1, Math.floor(sessions() / 2))
    this.#all = new Gate(most)
    this.#ofKind = {
      pair: new Gate(() => Math.max(1, Math.floor(most() * SHARE_OF_PAIRS))),
      unwrap: new Gate(() => 1),
      other: null,
    }
  }

  /** Does the work when its turn comes. Throws Late if its turn does not come before `expiresAt` (monotonicMs). */
  through<T>(kind: SlowWork, work: () => Promise<T>, expiresAt: number): Promise<T> {
    const slowly = () => this.#all.through(work, expiresAt)
    return this.#ofKind[kind]?.through(slowly, expiresAt) ?? slowly()
  }
}
