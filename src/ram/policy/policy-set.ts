// Deciding: policies are compiled once, and of a set of them only the statements for an action are looked at (docs/reference/policy-language.md, Decision).
import { type ConditionValues, compileCondition } from './conditions.ts'
import type { Policy, Statement } from './language.ts'
import { Memo } from './memo.ts'
import { type Candidate, means, type Principal, type TrustingRole } from './principals.ts'
import { withRegion } from './resource-pattern.ts'
import { compileWildcard, type Matcher } from './wildcard.ts'

interface CompiledStatement {
  readonly effect: Statement['effect']
  readonly index: number
  readonly principals: readonly Principal[]
  /** The condition keys that it asks for. */
  readonly keys: readonly string[]
  meansAction(action: string): boolean
  /** `action` in lower case. */
  meansResource(resource: string, action: string): boolean
  holds(values: ConditionValues): boolean
}

/** A policy made ready for many decisions. */
export interface CompiledPolicy {
  readonly statements: readonly CompiledStatement[]
}

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

/** The verdict of a set; `by` is the statement that decided, null when none did. */
export interface Verdict {
  readonly decision: 'Allow' | 'ExplicitDeny' | 'ImplicitDeny'
  readonly by: StatementPlace | null
}

/** No statement matched. */
export const IMPLICIT: Verdict = { decision: 'ImplicitDeny', by: null }
/** Role names are compared in any case, and this is the action whose resource they are (docs/reference/policy-language.md, Wildcards). */
const ASSUME_ROLE = 'sts:assumerole'

export function compilePolicy({ statements }: Policy): CompiledPolicy {
  return { statements: statements.map(compileStatement) }
}

function compileStatement(statement: Statement, index: number): CompiledStatement {
  const { effect, principals, notActions } = statement
  const actions = anyOf(statement.actions)
  const resources = anyOf(statement.resources.map(withRegion))
  const roles = anyOf(statement.resources.map((resource) => withRegion(resource).toLowerCase()))
  const conditions = statement.conditions.map((condition) => compileCondition(condition, effect))
  // Policies of earlier releases may ask for a key that no request can have. A negated operator holds then: such an Allow would grant
  // what it was meant to restrict, so it grants nothing.
  const grantsNothing = effect === 'Allow' && statement.conditions.some(({ impossible }) => impossible)
  return {
    effect,
    index,
    principals,
    keys: statement.conditions.map(({ key }) => key),
    meansAction: (action) => actions(action) !== notActions,
    meansResource: (resource, action) =>
      resources(resource) || (action === ASSUME_ROLE && /:role\//.test(resource) && roles(resource.toLowerCase())),
    holds: (values) => !grantsNothing && conditions.every((condition) => condition(values)),
  }
}

function anyOf(patterns: readonly string[]): Matcher {
  const matchers = patterns.map(compileWildcard)
  const [only] = matchers
  return matchers.length === 1 && only ? only : (value) => matchers.some((matches) => matches(value))
}

interface Placed {
  readonly place: StatementPlace
  readonly statement: CompiledStatement
}

const REMEMBERED = 1024

/** The policies that count together for a principal, or a session policy alone. */
export class PolicySet {
  readonly #statements: readonly Placed[]
  readonly #byAction = new Memo<readonly Placed[]>(REMEMBERED)
  readonly #byResource = new Memo<readonly Placed[]>(REMEMBERED)

  constructor(policies: readonly NamedPolicy[]) {
    const all = policies.flatMap(({ name, version, policy }) =>
      policy.statements.map((statement) => {
        const place = { policyName: name, policyVersion: version, statementIndex: statement.index }
        return { place, statement }
      }),
    )
    // Denials first: the first statement that matches decides.
    this.#statements = [
      ...all.filter(({ statement }) => statement.effect === 'Deny'),
      ...all.filter(({ statement }) => statement.effect === 'Allow'),
    ]
  }

  /** A Deny that matches anywhere wins, then an Allow; else the verdict is an implicit Deny. */
  decide(action: string, resource: string, values: ConditionValues): Verdict {
    for (const { place, statement } of this.#about(action, resource))
      if (statement.holds(values))
        return { decision: statement.effect === 'Deny' ? 'ExplicitDeny' : 'Allow', by: place }
    return IMPLICIT
  }

  /** Every statement that matches, denials first. */
  matching(
    action: string,
    resource: string,
    values: ConditionValues,
  ): readonly (StatementPlace & { readonly effect: Statement['effect'] })[] {
    return this.#about(action, resource)
      .filter(({ statement }) => statement.holds(values))
      .map(({ place, statement }) => ({ ...place, effect: statement.effect }))
  }

  /** The condition keys on which it depends what the set says of an action and a resource. */
  conditionKeys(action: string, resource: string): readonly string[] {
    return this.#about(action, resource).flatMap(({ statement }) => statement.keys)
  }

  /** The statements whose action and resource match: the same call comes again and again, only its conditions differ. */
  #about(action: string, resource: string): readonly Placed[] {
    return this.#byResource.get(`${action}\n${resource}`, () => {
      const lower = action.toLowerCase()
      return this.#aboutAction(lower).filter(({ statement }) => statement.meansResource(resource, lower))
    })
  }

  #aboutAction(lower: string): readonly Placed[] {
    return this.#byAction.get(lower, () => this.#statements.filter(({ statement }) => statement.meansAction(lower)))
  }
}

/** The verdict of a trust policy on a caller: a Deny that matches wins, then an Allow. */
export function trusts(
  trust: CompiledPolicy,
  candidate: Candidate,
  role: TrustingRole,
  values: ConditionValues,
): Verdict {
  for (const effect of ['Deny', 'Allow'] as const)
    for (const statement of trust.statements) {
      if (statement.effect !== effect || !statement.principals.some((one) => means(one, candidate, role, effect)))
        continue
      if (!statement.holds(values)) continue
      const by = { policyName: '', policyVersion: '', statementIndex: statement.index }
      return { decision: effect === 'Deny' ? 'ExplicitDeny' : 'Allow', by }
    }
  return IMPLICIT
}
