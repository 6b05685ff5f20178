// Compiling: a policy that was parsed, made ready for many decisions. What each statement means stands here; how statements combine is
// policy-set.ts.
import { type ConditionValues, compileCondition } from './conditions.ts'
import type { Policy, Statement } from './language.ts'
import type { Principal } from './principals.ts'
import { canMatchAfter, matchesEvery, withRegion } from './resource-pattern.ts'
import { compileWildcard, type Matcher } from './wildcard.ts'

export interface CompiledStatement {
  readonly effect: Statement['effect']
  readonly index: number
  readonly principals: readonly Principal[]
  /** The condition keys that it asks for. */
  readonly keys: readonly string[]
  /** `names` are all names of one action, in lower case, here and below. */
  meansAction(names: readonly string[]): boolean
  meansResource(resource: string, names: readonly string[]): boolean
  /** Whether it means, for certain, every resource whose ARN begins so. */
  meansEvery(prefix: string): boolean
  /** Whether it may mean a resource whose ARN begins so. */
  mayMean(prefix: string): boolean
  holds(values: ConditionValues): boolean
}

export interface CompiledPolicy {
  readonly statements: readonly CompiledStatement[]
}

/** Role names are compared in any case, and this is the action whose resource they are (docs/reference/policy-language.md, "Wildcards"). */
const ASSUME_ROLE = 'sts:assumerole'

export function compilePolicy({ statements }: Policy): CompiledPolicy {
  return { statements: statements.map(compileStatement) }
}

function compileStatement(statement: Statement, index: number): CompiledStatement {
  const { effect, principals, notActions } = statement
  const actions = anyOf(statement.actions)
  const patterns = statement.resources.map(withRegion)
  const resources = anyOf(patterns)
  const roles = anyOf(patterns.map((pattern) => pattern.toLowerCase()))
  const conditions = statement.conditions.map((condition) => compileCondition(condition, effect))
  // Policies of earlier releases may ask for a key that no request can have. A negated operator holds then: such an Allow would grant
  // what it was meant to restrict, so it grants nothing.
  const grantsNothing = effect === 'Allow' && statement.conditions.some(({ impossible }) => impossible)
  return {
    effect,
    index,
    principals,
    keys: statement.conditions.map(({ key }) => key),
    // An Allow of all actions but some excepts an action under any of its names.
    meansAction: (names) =>
      notActions && effect === 'Allow' ? !names.some(actions) : names.some((name) => actions(name) !== notActions),
    meansResource: (resource, names) =>
      resources(resource) || (names.includes(ASSUME_ROLE) && /:role\//.test(resource) && roles(resource.toLowerCase())),
    meansEvery: (prefix) => patterns.some((pattern) => matchesEvery(pattern, prefix)),
    mayMean: (prefix) => patterns.some((pattern) => canMatchAfter(prefix, pattern)),
    holds: (values) => !grantsNothing && conditions.every((condition) => condition(values)),
  }
}

function anyOf(patterns: readonly string[]): Matcher {
  const matchers = patterns.map(compileWildcard)
  const [only] = matchers
  return matchers.length === 1 && only ? only : (value) => matchers.some((matches) => matches(value))
}
