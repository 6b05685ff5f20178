// Compiles each policy document once: many principals and calls share a document. What is compiled, and what callers derive from it, is bounded
// together: each session may have a policy of its own.

import { type CompiledPolicy, compilePolicy } from './policy/compile.ts'
import { type PolicyUse, parsePolicy } from './policy/language.ts'

/** How many bytes stay in memory at most. One byte more, and everything is dropped. */
const KEPT_BYTES = 64 * 1024 * 1024
/** How many bytes a compiled policy takes at most for each character of its document. Measured: up to 50, with many short patterns. */
const CHARACTER_BYTES = 64

export type PolicyAlarm = (message: string, error: unknown) => void

export class CompiledPolicies {
  readonly #alarm: PolicyAlarm
  readonly #kept: Readonly<Record<PolicyUse, Map<string, CompiledPolicy>>> = {
    identity: new Map(),
    trust: new Map(),
    session: new Map(),
  }
  #bytes = 0
  #drop = () => {}

  constructor(alarm: PolicyAlarm) {
    this.#alarm = alarm
  }

  /**
   * Returns a stored policy, compiled. `which` names it in the log. Logs each part that matches nothing, which a new policy would be refused
   * for. Throws MalformedPolicy.
   */
  stored(document: string, use: 'identity' | 'trust', which: string): CompiledPolicy {
    return this.#once(document, use, () => {
      const policy = parsePolicy(document, use)
      for (const flaw of policy.flaws)
        this.#alarm(`${which} contains a part that never matches: correct it and write the policy again`, flaw)
      return compilePolicy(policy)
    })
  }

  /** The policy of a session. Throws MalformedPolicy. */
  session(document: string): CompiledPolicy {
    return this.#once(document, 'session', () => compilePolicy(parsePolicy(document, 'session')))
  }

  /** `drop` drops what a caller derives from compiled policies, which keeps them in memory. */
  whenDropped(drop: () => void): void {
    this.#drop = drop
  }

  /** Counts bytes that will be kept. Before, everything is dropped if they would be too many. */
  grow(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes <= KEPT_BYTES) return
    this.#bytes = bytes
    for (const kept of Object.values(this.#kept)) kept.clear()
    this.#drop()
  }

  #once(document: string, use: PolicyUse, make: () => CompiledPolicy): CompiledPolicy {
    const kept = this.#kept[use]
    const known = kept.get(document)
    if (known !== undefined) return known
    const compiled = make()
    this.grow(CHARACTER_BYTES * document.length)
    kept.set(document, compiled)
    return compiled
  }
}
