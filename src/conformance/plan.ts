// Chooses the cases of a run, and counts what they will create in the account.
import type { Case, Step, Suite } from './case.ts'
import { writes } from './made.ts'

/** Groups without effect on the verdict: Strongroom's choices where the documentation is silent, and its extensions of the protocol. */
export const OUTSIDE: readonly string[] = ['choices', 'extensions']
/** Groups that run only on request: they need special rights, or are not part of the protocol. */
export const OPTIONAL_GROUPS: readonly string[] = ['ram', 'sts', ...OUTSIDE]
/** The group that runs only with patience. */
export const EVENTS = 'events'

export interface Choice {
  /** A part of `group/name`, or of the operation's name with `*` for any text; null for all. */
  readonly only: string | null
  readonly withGroups: readonly string[]
  readonly patienceMs: number
  /** Only cases that change nothing. */
  readonly readOnly: boolean
}

export interface Plan {
  readonly cases: readonly Case[]
  /** The most calls of each creating operation. */
  readonly makes: ReadonlyMap<string, number>
}

/** Chooses cases, in the order of their names. */
export function planOf(suite: Suite, { only, withGroups, patienceMs, readOnly }: Choice): Plan {
  const pattern = only === null ? null : patternOf(only)
  const asked = (group: string) =>
    group === EVENTS ? patienceMs > 0 : !OPTIONAL_GROUPS.includes(group) || withGroups.includes(group)
  const cases = suite.cases
    .filter(({ group }) => asked(group))
    .filter(({ group, name, operation }) => !pattern || pattern.test(`${group}/${name}`) || pattern.test(operation))
    .filter((tested) => !readOnly || stepsOf(tested, suite, new Set()).every(({ call = '' }) => !writes(call)))
    .toSorted((a, b) => (`${a.group}/${a.name}` < `${b.group}/${b.name}` ? -1 : 1))
  return { cases, makes: makesOf(cases, suite) }
}

/** `*` stands for any text. A pattern without `*` matches anywhere in the text. */
function patternOf(only: string): RegExp {
  const quoted = only.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')
  return new RegExp(only.includes('*') ? `^${quoted}$` : quoted)
}

/** All steps of a case and of its states, except states in `seen`. */
function stepsOf(tested: Case, suite: Suite, seen: Set<string>): readonly Step[] {
  const ofGiven = (name: string): readonly Step[] => {
    if (seen.has(name)) return []
    seen.add(name)
    const { given = [], steps = [] } = suite.givens.get(name) ?? {}
    return [...given.flatMap(ofGiven), ...steps]
  }
  return [
    ...tested.given.flatMap(ofGiven),
    ...tested.before,
    { call: tested.operation, expect: tested.expect ?? {} },
    ...tested.after,
  ]
}

function makesOf(cases: readonly Case[], suite: Suite): ReadonlyMap<string, number> {
  const seen = new Set<string>()
  const makes = new Map<string, number>()
  for (const { call = '', expect } of cases.flatMap((tested) => stepsOf(tested, suite, seen)))
    if (/^Create(?!KeyVersion)/.test(call) && (expect?.status ?? 200) === 200)
      makes.set(call, (makes.get(call) ?? 0) + 1)
  return makes
}
