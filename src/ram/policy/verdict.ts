// The statements of policies in the order in which they decide, and their verdict.
import { withOwnTexts } from '../../runtime/own-texts.ts'
import type { CompiledPolicy, CompiledStatement } from './compile.ts'
import type { ConditionValues } from './conditions.ts'

/** A policy of a set; a session policy has no name. */
export interface NamedPolicy {
  readonly name: string
  readonly version: string
  readonly policy: CompiledPolicy
}

/** A statement of a policy of the set. */
export interface StatementPlace {
  readonly policyName: string
  readonly policyVersion: string
  readonly statementIndex: number
}

/** The verdict of a set. `by` is the deciding statement; null when no statement matched. */
export interface Verdict {
  readonly decision: 'Allow' | 'ExplicitDeny' | 'ImplicitDeny'
  readonly by: StatementPlace | null
}

/** No statement matched. */
export const IMPLICIT: Verdict = { decision: 'ImplicitDeny', by: null }

export interface Placed {
  readonly place: StatementPlace
  readonly statement: CompiledStatement
}

/** The statements of policies in the order in which they decide: every Deny before every Allow. */
export function denialsFirst(policies: readonly NamedPolicy[]): readonly Placed[] {
  const all = policies.flatMap(({ name, version, policy }) =>
    policy.statements.map((statement) => {
      const place = { policyName: name, policyVersion: version, statementIndex: statement.index }
      return { place, statement }
    }),
  )
  return [
    ...all.filter(({ statement }) => statement.effect === 'Deny'),
    ...all.filter(({ statement }) => statement.effect === 'Allow'),
  ]
}

/** The verdict of the first statement that matches. INVARIANT: `statements` are in the order of denialsFirst. */
export function firstMatch(statements: readonly Placed[], matches: (statement: CompiledStatement) => boolean): Verdict {
  for (const { place, statement } of statements)
    if (matches(statement)) return { decision: statement.effect === 'Deny' ? 'ExplicitDeny' : 'Allow', by: place }
  return IMPLICIT
}

/** With more condition keys than FEW_KEYS, or a value longer than LONGEST_VALUE characters, a verdict is not kept. */
const FEW_KEYS = 4
const LONGEST_VALUE = 256

/**
 * The statements about one action and resource, in the order of denialsFirst. The verdict depends only on the values of their condition keys.
 * Most calls have the same values as the call before, so the last verdict is kept with its values.
 */
export class About {
  readonly statements: readonly Placed[]
  readonly #keys: readonly string[]
  #last: { readonly values: readonly (string | undefined)[]; readonly verdict: Verdict } | null = null

  constructor(statements: readonly Placed[]) {
    this.statements = statements
    this.#keys = [...new Set(statements.flatMap(({ statement }) => statement.keys))]
  }

  /** The most characters of the values that are kept. */
  get characters(): number {
    return this.#keys.length <= FEW_KEYS ? this.#keys.length * LONGEST_VALUE : 0
  }

  verdict(values: ConditionValues): Verdict {
    if (this.#last && this.#areLast(this.#last.values, values)) return this.#last.verdict
    const verdict = firstMatch(this.statements, (statement) => statement.holds(values))
    if (this.#keys.length <= FEW_KEYS) this.#remember(values, verdict)
    return verdict
  }

  #areLast(last: readonly (string | undefined)[], values: ConditionValues): boolean {
    return this.#keys.every((key, i) => values.get(key) === last[i])
  }

  #remember(values: ConditionValues, verdict: Verdict): void {
    const texts: (string | undefined)[] = []
    for (const key of this.#keys) {
      const value = values.get(key)
      if (value !== undefined && (typeof value !== 'string' || value.length > LONGEST_VALUE)) return
      texts.push(value === undefined ? undefined : withOwnTexts(value))
    }
    this.#last = { values: texts, verdict }
  }
}
