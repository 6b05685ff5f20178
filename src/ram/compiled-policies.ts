// Compiles each policy document once: many principals and calls share a document.

import { type CompiledPolicy, compilePolicy } from './policy/compile.ts'
import { type PolicyUse, parsePolicy } from './policy/language.ts'

/** How many documents stay in memory for each use. One more document clears them all. */
const KEPT_DOCUMENTS = 1000

export type PolicyAlarm = (message: string, error: unknown) => void

export class CompiledPolicies {
  readonly #alarm: PolicyAlarm
  readonly #kept: Readonly<Record<PolicyUse, Map<string, CompiledPolicy>>> = {
    identity: new Map(),
    trust: new Map(),
    session: new Map(),
  }

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

  #once(document: string, use: PolicyUse, make: () => CompiledPolicy): CompiledPolicy {
    const kept = this.#kept[use]
    const known = kept.get(document)
    if (known !== undefined) return known
    const compiled = make()
    if (kept.size >= KEPT_DOCUMENTS) kept.clear()
    kept.set(document, compiled)
    return compiled
  }
}
