// Policy documents, compiled once each: the same document counts for many principals and calls.

import { type CompiledPolicy, compilePolicy } from './policy/compile.ts'
import { type PolicyUse, parsePolicy } from './policy/language.ts'

/** Of each use; beyond so many documents all are forgotten. */
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
   * A stored policy; `which` names it in the log. Logs each of its parts that match nothing: a new policy would be refused for it. Throws
   * MalformedPolicy.
   */
  stored(document: string, use: 'identity' | 'trust', which: string): CompiledPolicy {
    return this.#once(document, use, () => {
      const policy = parsePolicy(document, use)
      for (const flaw of policy.flaws)
        this.#alarm(`${which} has a part that is never true: correct it and write it again`, flaw)
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
    const made = make()
    if (kept.size >= KEPT_DOCUMENTS) kept.clear()
    kept.set(document, made)
    return made
  }
}
