// The decision (docs/reference/policy-language.md, "Decision"): a matching Deny in any policy wins; otherwise a matching Allow allows; otherwise
// the call is denied. One function implements this rule for every kind of policy: `firstMatch`.
import type { CompiledPolicy } from './compile.ts'
import { isResourceTag } from './condition-key.ts'
import type { ConditionValues } from './conditions.ts'
import type { Statement } from './language.ts'
import type { PolicyMemory } from './policy-memory.ts'
import { type Candidate, means, type TrustingRole } from './principals.ts'
import {
  About,
  denialsFirst,
  firstMatch,
  type NamedPolicy,
  type Placed,
  type StatementPlace,
  type Verdict,
} from './verdict.ts'

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

/** The policies that apply together to a principal, or a session policy alone. */
export class PolicySet {
  readonly #statements: readonly Placed[]
  readonly #memory: PolicyMemory

  constructor(policies: readonly NamedPolicy[], memory: PolicyMemory) {
    this.#statements = denialsFirst(policies)
    this.#memory = memory
  }

  /** How many statements it has. */
  get size(): number {
    return this.#statements.length
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
    return this.#memory.of(this).byResource.get(keyOf(action), resource, () => {
      const lower = [action].flat().map((name) => name.toLowerCase())
      return new About(this.#aboutAction(lower).filter(({ statement }) => statement.meansResource(resource, lower)))
    })
  }

  #aboutEvery(action: Action, prefix: string): About {
    return this.#memory.of(this).byPrefix.get(keyOf(action), prefix, () => {
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
    return this.#memory
      .of(this)
      .byAction.get(keyOf(lower), () => this.#statements.filter(({ statement }) => statement.meansAction(lower)))
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
