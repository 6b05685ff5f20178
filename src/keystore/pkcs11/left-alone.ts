// The tokens that the next process of the library leaves alone, and why: one that refused the PIN could lock, and one that hangs would
// hang the process for all tokens.
import type { LeftAlone, Opening, TokenState } from './protocol.ts'

/** How long a token at which a process hung is left alone, if there are others. */
const SILENT_MS = 60_000

/** Where the PIN comes from; `stamp` changes whenever it is written. Secret. */
export type PinSource = () => { readonly pin: string; readonly stamp: string }

/** The tokens that refuse one PIN, with their reasons. */
export type Refusals = Map<string, string>

export class TokensLeftAlone {
  readonly #names: readonly string[]
  readonly #pin: PinSource
  #stamp = ''
  #refusals: Refusals = new Map()
  /** Until when each silent token is left alone, by the clock of the process. */
  readonly #silent = new Map<string, number>()

  constructor(names: readonly string[], pin: PinSource) {
    this.#names = names
    this.#pin = pin
  }

  /** The tokens and the PIN for a new process, and where refusals of that PIN are noted. Throws when the PIN can't be read. */
  next(): Pick<Opening, 'tokens' | 'pin'> & { readonly refusals: Refusals } {
    const { pin, stamp } = this.#pin()
    if (stamp !== this.#stamp) this.#refusals = new Map()
    this.#stamp = stamp
    const tokens = this.#names.map((name) => ({ name, leftAlone: this.of(name) }))
    return { tokens, pin, refusals: this.#refusals }
  }

  /** Why a token is left alone now; null when it is not. */
  of(name: string): LeftAlone | null {
    const refusal = this.#refusals.get(name)
    if (refusal !== undefined) return { reason: refusal, pinRefused: true }
    return (this.#silent.get(name) ?? 0) > performance.now()
      ? { reason: `the token \`${name}\` does not answer`, pinRefused: false }
      : null
  }

  /** Notes that a process hung at this token. When no other token is left, all silent tokens are tried again. */
  silence(name: string): void {
    const others = this.#names.filter((other) => other !== name)
    if (others.some((other) => this.of(other) === null)) this.#silent.set(name, performance.now() + SILENT_MS)
    else this.#silent.clear()
  }

  /** Whether the PIN was written since a process got it. */
  hasNewPin(): boolean {
    try {
      return this.#pin().stamp !== this.#stamp
    } catch {
      // It is being written, or gone: the known PIN stays in use.
      return false
    }
  }
}

/** Notes which tokens refuse the PIN, and returns the names of the new ones. */
export function noteRefusals(refusals: Refusals, states: readonly TokenState[]): readonly string[] {
  const fresh = states.filter(({ token, up, pinRefused }) => pinRefused && !up && !refusals.has(token))
  for (const { token, reason } of fresh) refusals.set(token, reason)
  return fresh.map(({ token }) => token)
}
