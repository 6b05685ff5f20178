// The decision (docs/reference/policy-language.md, "Decision"): a matching Deny in any policy wins; otherwise a matching Allow allows; otherwise
// the call is denied. One function implements this rule for every kind of policy: `firstMatch`.
import { withOwnTexts } from '../../runtime/own-texts.ts'
import type { CompiledPolicy, CompiledStatement } from './compile.ts'
import { isResourceTag } from './condition-key.ts'
import type { ConditionValues } from './conditions.ts'
import type { Statement } from './language.ts'
import { Memo, PairMemo } from './memo.ts'
import { type Candidate, means, type TrustingRole } from './principals.ts'

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

interface Placed {
  readonly place: StatementPlace
  readonly statement: CompiledStatement
}

/** The statements of policies in the order in which they decide: every Deny before every Allow. */
function denialsFirst(policies: readonly NamedPolicy[]): readonly Placed[] {
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
function firstMatch(statements: readonly Placed[], matches: (statement: CompiledStatement) => boolean): Verdict {
  for (const { place, statement } of statements)
    if (matches(statement)) return { decision: statement.effect === 'Deny' ? 'ExplicitDeny' : 'Allow', by: place }
  return IMPLICIT
}

/** An action, or all of its names. */
export type Action = string | readonly string[]

/**
 * The count of names distinguishes several names from one name with commas: questions about access may name any text as an action. A single
 * name that begins with no digit needs no count.
 */
function keyOf(action: Action): string {
  if (typeof action !== 'string') return `${action.length}${action.join()}`
  return DIGIT_FIRST.test(action) ? `1${action}` : action
}

const DIGIT_FIRST = /^\d/

const REMEMBERED = 1024

/** With more condition keys than FEW_KEYS, or a value longer than LONGEST_VALUE characters, a verdict is not kept. */
const FEW_KEYS = 4
const LONGEST_VALUE = 256

/**
 * The statements about one action and resource, in the order of denialsFirst. The verdict depends only on the values of their condition keys.
 * Most calls have the same values as the call before, so the last verdict is kept with its values.
 */
class About {
  readonly statements: readonly Placed[]
  readonly #keys: readonly string[]
  #last: { readonly values: readonly (string | undefined)[]; readonly verdict: Verdict } | null = null

  constructor(statements: readonly Placed[]) {
    this.statements = statements
    this.#keys = [...new Set(statements.flatMap(({ statement }) => statement.keys))]
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

/** The policies that apply together to a principal, or a session policy alone. */
export class PolicySet {
  readonly #statements: readonly Placed[]
  readonly #byAction = new Memo<readonly Placed[]>(REMEMBERED)
  readonly #byResource = new PairMemo<About>(REMEMBERED)
  readonly #byPrefix = new PairMemo<About>(REMEMBERED)

  constructor(policies: readonly NamedPolicy[]) {
    this.#statements = denialsFirst(policies)
  }

  /**
   * The verdict on an action and a resource, under a request's values of condition keys. With `every`, the resource ends in `*` and stands for
   * all resources whose ARN begins with the rest, whatever their tags: an Allow must match all of them, and a Deny that may match one denies.
   */
  decide(action: Action, resource: string, values: ConditionValues, every = false): Verdict {
    return this.#about(action, resource, every).verdict(values)
  }

  /** Every statement that matches, denials first. */
  matching(
    action: Action,
    resource: string,
    values: ConditionValues,
    every = false,
  ): readonly (StatementPlace & { readonly effect: Statement['effect'] })[] {
    return this.#about(action, resource, every)
      .statements.filter(({ statement }) => statement.holds(values))
      .map(({ place, statement }) => ({ ...place, effect: statement.effect }))
  }

  /** The condition keys on which the verdict on an action and a resource depends. */
  conditionKeys(action: Action, resource: string, every = false): readonly string[] {
    return this.#about(action, resource, every).statements.flatMap(({ statement }) => statement.keys)
  }

  /** The statements whose action and resource match, remembered: most calls differ in their conditions only. */
  #about(action: Action, resource: string, every: boolean): About {
    if (every) return this.#aboutEvery(action, resource.slice(0, -1))
    return this.#byResource.get(keyOf(action), resource, () => {
      const lower = [action].flat().map((name) => name.toLowerCase())
      return new About(this.#aboutAction(lower).filter(({ statement }) => statement.meansResource(resource, lower)))
    })
  }

  #aboutEvery(action: Action, prefix: string): About {
    return this.#byPrefix.get(keyOf(action), prefix, () => {
      const lower = [action].flat().map((name) => name.toLowerCase())
      return new About(
        this.#aboutAction(lower).flatMap(({ place, statement }) => {
          const isTagged = statement.keys.some(isResourceTag)
          if (statement.effect === 'Allow')
            return statement.meansEvery(prefix) && !isTagged ? [{ place, statement }] : []
          if (!statement.mayMean(prefix)) return []
          // Some resource may have the tags that satisfy its conditions, so the Deny counts.
          return [{ place, statement: isTagged ? { ...statement, holds: () => true } : statement }]
        }),
      )
    })
  }

  #aboutAction(lower: readonly string[]): readonly Placed[] {
    return this.#byAction.get(keyOf(lower), () =>
      this.#statements.filter(({ statement }) => statement.meansAction(lower)),
    )
  }
}

/** The verdict of a role's trust policy on a caller's action, in lower case. */
export function trusts(
  policy: CompiledPolicy,
  candidate: Candidate,
  role: TrustingRole,
  values: ConditionValues,
  action: string,
): Verdict {
  return firstMatch(
    denialsFirst([{ name: '', version: '', policy }]),
    (statement) =>
      statement.meansAction([action]) &&
      statement.principals.some((principal) => means(principal, candidate, role, statement.effect)) &&
      statement.holds(values),
  )
}
