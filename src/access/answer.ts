// Answers what the service would decide for a caller, with the service's own code.
import { isDeepStrictEqual } from 'node:util'
import { parseArn } from '../api/arn.ts'
import type { Caller } from '../api/caller.ts'
import type { Denial } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import type { House } from '../gateway/house.ts'
import type { LedgerView } from '../ledger/view.ts'
import { conditionValues, type RequestFacts } from '../ram/conditions.ts'
import { roleByName } from '../ram/find.ts'
import { hasOwnPrefix, isUsableKey, meantKey, shownKey } from '../ram/policy/condition-key.ts'
import type { Action } from '../ram/policy/policy-set.ts'
import type { StatementPlace } from '../ram/policy/verdict.ts'
import { assumptionDenial, roleResource } from '../sts/assumption.ts'
import { askedFor, findingOf, operationOf, unknownAction } from './question.ts'

/** The services that an answer needs, and the view through which it reads. */
export type Rooms = Pick<House, 'authorizer' | 'settings'> & { readonly ledger: LedgerView }

/** The question whether a caller may perform an action on a resource. */
export interface Question {
  readonly action: string
  /** As the user typed it. Each caller's call looks the resource up in the caller's own account. */
  readonly arn: string
  /** The condition values of the imagined request. Keys of `further` take precedence. */
  readonly facts: RequestFacts
  /** The account that asks; absent if the operator does. About a role of another account it learns only what its own policies decide. */
  readonly asker?: string
}

/** The decision that the service would make. */
export interface Answer {
  readonly decision: 'Allow' | Denial['type']
  readonly reason: string
  /** The statements of the caller's own policies that match. */
  readonly statements: readonly (StatementPlace & { readonly effect: 'Allow' | 'Deny' })[]
  readonly warnings: readonly string[]
}

const FREE = 'Every authenticated caller may: no policy is evaluated.'
const FOREIGN = 'The resource belongs to another account, where only a role lets anybody in.'
const NO_ROLE = 'There is no such role.'
const FOREIGN_ROLE = 'the role belongs to another account: its trust policy, if there is such a role, decides as well'

/** Returns the decision that the service would make. Runs the same checks in the same order. */
export async function answerTo(caller: Caller, question: Question, rooms: Rooms): Promise<Answer> {
  const operation = operationOf(question.action)
  if (operation?.name === 'AssumeRole') return assumption(caller, question, rooms)
  if (operation?.action === null) return { decision: 'Allow', reason: FREE, statements: [], warnings: [] }
  const { authorizer, ledger, settings } = rooms
  const finding = findingOf(caller, question.arn, question.facts.now, { ledger, settings })
  const asked = await askedFor(operation, question.arn, finding)
  const { resources } = asked
  const action = operation?.action ?? question.action
  const { otherActions, selfService } = operation ?? {}
  const { facts } = question
  const denial = await authorizer.denial({ caller, action, otherActions, resources, facts, selfService, ledger })
  const names = otherActions ? [action, ...otherActions] : question.action
  const { statements, keys } = await consulted(caller, resources, question, rooms, names)
  const warnings = [...asked.warnings, ...openKeys(keys, question)]
  if (denial === null && asked.foreign) return { decision: 'ImplicitDeny', reason: FOREIGN, statements, warnings }
  return { decision: denial?.type ?? 'Allow', reason: reasonOf(caller, denial), statements, warnings }
}

/** AssumeRole needs an Allow of the caller's policies and one of the role's trust policy. */
async function assumption(caller: Caller, question: Question, rooms: Rooms): Promise<Answer> {
  const { service, account = '', resource = '' } = parseArn(question.arn) ?? {}
  const [, roleName] = /^role\/([^/]+)$/.exec(resource) ?? []
  if (service !== 'ram' || roleName === undefined) {
    const warnings = [`\`${question.arn}\` is no ARN of a role, acs:ram::ACCOUNT:role/NAME: nobody can assume it`]
    return { decision: 'ImplicitDeny', reason: NO_ROLE, statements: [], warnings }
  }
  const named = { accountId: account, roleName }
  if (question.asker !== undefined && question.asker !== account) return ownPart(caller, named, question, rooms)
  const role = await roleByName(roleName, { ledger: rooms.ledger, caller: named })
  const denial = await assumptionDenial(role, named, caller, question.facts, rooms)
  const { statements, keys } = await consulted(caller, [roleResource(role, named, caller)], question, rooms)
  return {
    decision: denial?.type ?? 'Allow',
    reason: role ? reasonOf(caller, denial) : NO_ROLE,
    statements,
    warnings: openKeys([...keys, ...(role ? rooms.authorizer.trustKeys(role) : [])], question),
  }
}

/** The part of the answer that the caller's own account decides. It is the same whether or not there is such a role. */
async function ownPart(
  caller: Caller,
  named: { readonly accountId: string; readonly roleName: string },
  question: Question,
  rooms: Rooms,
): Promise<Answer> {
  const { authorizer, ledger } = rooms
  const { action, facts } = question
  const resources = [roleResource(null, named, caller)]
  const denial =
    caller.type === 'root-account'
      ? await assumptionDenial(null, named, caller, facts, rooms)
      : await authorizer.denial({ caller, action, resources, facts, ledger })
  const { statements, keys } = await consulted(caller, resources, question, rooms)
  const warnings = [FOREIGN_ROLE, ...openKeys(keys, question)]
  return { decision: denial?.type ?? 'Allow', reason: reasonOf(caller, denial), statements, warnings }
}

/** Returns the statements of the caller's policies that match, and the condition keys on which that depends. */
async function consulted(
  caller: Caller,
  resources: readonly Resource[],
  question: Question,
  rooms: Rooms,
  names: Action = question.action,
) {
  const { sets = [] } = (await rooms.authorizer.permissions(caller, rooms.ledger)) ?? {}
  const all = resources.length > 0 ? resources : [{ arn: '*' }]
  const each = all.flatMap(
    ({
      arn,
      action = names,
      tags = [],
      every,
      deniedOn,
    }: Partial<Omit<Resource, 'action'>> & { arn: string; action?: Action }) => {
      const values = conditionValues(question.facts, caller, tags)
      return sets.map(({ set }) => {
        const statements = set.matching(action, arn, values, every)
        const keys = set.conditionKeys(action, arn, every)
        if (deniedOn === undefined) return { statements, keys }
        const second = set.matching(action, deniedOn, values).filter(({ effect }) => effect === 'Deny')
        const denials = second.filter((denial) => !statements.some((other) => isDeepStrictEqual(denial, other)))
        return { statements: [...denials, ...statements], keys: [...keys, ...set.conditionKeys(action, deniedOn)] }
      })
    },
  )
  return { statements: each.flatMap(({ statements }) => statements), keys: each.flatMap(({ keys }) => keys) }
}

/** Condition keys that only a real request can set. An answer uses the tags of the resource and the present time. */
const OF_REQUESTS = /^(?:acs:sourceip|acs:securetransport|acs:requesttag\/.*|sts:ExternalId|ram:OidcIssuerUrl)$/s

/** Returns a warning for each relevant condition key that the question does not set, or that no call has. */
function openKeys(keys: readonly string[], { facts: { further } }: Question): string[] {
  return [...new Set(keys)].flatMap((key) => {
    if (further?.has(key)) return []
    const depends = `the decision depends on ${shownKey(key)}, which`
    if (OF_REQUESTS.test(key)) return [`${depends} \`--context\` does not set: a call may be decided otherwise`]
    if (hasOwnPrefix(key)) return []
    const meant = meantKey(key)
    const advice = meant === null ? '' : ` Did you mean ${meant}?`
    return [`${depends} no call here has: under a negated operator it always holds.${advice}`]
  })
}

/** Warnings about the question itself, the same for every principal. */
export function oddities({ action, facts: { further = new Map() } }: Question): string[] {
  const unknown = unknownAction(action)
  const keys = [...further.keys()].filter((key) => !isUsableKey(key))
  return [...(unknown === null ? [] : [unknown]), ...keys.map((key) => `no request has the condition key \`${key}\``)]
}

function reasonOf(caller: Caller, denial: Denial | null): string {
  if (caller.type === 'root-account')
    return denial ? 'The account itself cannot assume roles.' : 'The account may do everything with its own resources.'
  if (denial === null) return 'A statement allows it and none denies it.'
  const by = denial.policyType === 'TrustPolicy' ? "the role's trust policy" : "the principal's policies"
  return denial.type === 'ExplicitDeny' ? `A statement of ${by} denies it.` : `No statement of ${by} allows it.`
}
