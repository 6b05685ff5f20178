// The tokens that the library's next process must not use, with the reasons: a token that refused the PIN could lock, and a token that hangs would
// block the process for all tokens.
import type { LeftAlone, Opening, TokenState } from './protocol.ts'

/** How long a token at which a process hung is not used, if there are other tokens. */
const SILENT_MS = 60_000

/** Reads the PIN, which is secret. `stamp` changes whenever the PIN is written. */
export type PinSource = () => { readonly pin: string; readonly stamp: string }

/** The tokens that refused a PIN, with their reasons. */
export type Refusals = Map<string, string>

export class TokensLeftAlone {
  readonly #names: readonly string[]
  readonly #pin: PinSource
  #stamp = ''
  #refusals: Refusals = new Map()
  /** Until when each silent token is not used, by performance.now(). */
  readonly #silent = new Map<string, number>()

  constructor(names: readonly string[], pin: PinSource) {
    this.#names = names
    this.#pin = pin
  }

  /** Returns the tokens and the PIN for a new process, and the map in which to note refusals of that PIN. Throws when the PIN can't be read. */
  next(): Pick<Opening, 'tokens' | 'pin'> & { readonly refusals: Refusals } {
    const { pin, stamp } = this.#pin()
    if (stamp !== this.#stamp) this.#refusals = new Map()
    this.#stamp = stamp
    const tokens = this.#names.map((name) => ({ name, leftAlone: this.of(name) }))
    return { tokens, pin, refusals: this.#refusals }
  }

  /** Why a token must not be used at present; null when it may be used. */
  of(name: string): LeftAlone | null {
    const refusal = this.#refusals.get(name)
    if (refusal !== undefined) return { reason: refusal, pinRefused: true }
    return (this.#silent.get(name) ?? 0) > performance.now()
      ? { reason: `the token \`${name}\` does not answer`, pinRefused: false }
      : null
  }

  /** Notes that a process hung at this token. If no usable token remained, all silent tokens may be tried again. */
  silence(name: string): void {
    const others = this.#names.filter((other) => other !== name)
    if (others.some((other) => this.of(other) === null)) this.#silent.set(name, performance.now() + SILENT_MS)
    else this.#silent.clear()
  }

  /** Whether the PIN was written since `next` last read it. */
  hasNewPin(): boolean {
    try {
      return this.#pin().stamp !== this.#stamp
    } catch {
      // The file is being written, or is gone: the known PIN stays in use.
      return false
    }
  }
}

/** Notes which tokens refuse the PIN, and returns the names of those that were not noted before. */
export function noteRefusals(refusals: Refusals, states: readonly TokenState[]): readonly string[] {
  const fresh = states.filter(({ token, up, pinRefused }) => pinRefused && !up && !refusals.has(token))
  for (const { token, reason } of fresh) refusals.set(token, reason)
  return fresh.map(({ token }) => token)
}
