// Compiles a parsed policy for many decisions. This file has the meaning of one statement; policy-set.ts combines statements.
import { type ConditionValues, compileCondition } from './conditions.ts'
import type { Policy, Statement } from './language.ts'
import type { Principal } from './principals.ts'
import { canMatchAfter, matchesEvery, withRegion } from './resource-pattern.ts'
import { compileWildcard, type Matcher } from './wildcard.ts'

export interface CompiledStatement {
  readonly effect: Statement['effect']
  readonly index: number
  readonly principals: readonly Principal[]
  /** The condition keys that its conditions test. */
  readonly keys: readonly string[]
  /** Whether it applies to an action. `names` are all names of one action, in lower case, here and below. */
  meansAction(names: readonly string[]): boolean
  meansResource(resource: string, names: readonly string[]): boolean
  /** Whether it certainly applies to every resource whose ARN begins with `prefix`. */
  meansEvery(prefix: string): boolean
  /** Whether it may apply to a resource whose ARN begins with `prefix`. */
  mayMean(prefix: string): boolean
  holds(values: ConditionValues): boolean
}

export interface CompiledPolicy {
  readonly statements: readonly CompiledStatement[]
}

/** The action on roles. Role names are compared without regard to case (docs/reference/policy-language.md, "Wildcards"). */
const ASSUME_ROLE = 'sts:assumerole'

export function compilePolicy({ statements }: Policy): CompiledPolicy {
  return { statements: statements.map(compileStatement) }
}

function compileStatement(statement: Statement, index: number): CompiledStatement {
  const { effect, principals, notActions } = statement
  const actions = anyOf(statement.actions)
  const patterns = statement.resources.map(withRegion)
  const resources = anyOf(patterns)
  // Compiled for each question: kept, they would double the memory of a policy. A PolicySet remembers the answers.
  const roles = (role: string) => patterns.some((pattern) => compileWildcard(pattern.toLowerCase())(role))
  const conditions = statement.conditions.map((condition) => compileCondition(condition, effect))
  // Policies of earlier releases may test a key that no request can have. A negated operator is then always true, and an Allow would grant what
  // the condition was meant to exclude. Such an Allow grants nothing.
  const grantsNothing = effect === 'Allow' && statement.conditions.some(({ impossible }) => impossible)
  return {
    effect,
    index,
    principals,
    keys: statement.conditions.map(({ key }) => key),
    // An Allow with NotAction excludes an action if any of its names is listed.
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
  const matchers = [...new Set(patterns)].map(compileWildcard)
  const [only] = matchers
  return matchers.length === 1 && only ? only : (value) => matchers.some((matches) => matches(value))
}
