// What a caller may do, asked of the engine that decides calls: pages show beforehand what will be refused, and why. A caller may ask about
// itself; about others, who may read their policies may ask.
import { answerTo, type Question } from '../access/answer.ts'
import { roleCaller, userCaller } from '../access/principals.ts'
import { whoCan } from '../access/who-can.ts'
import { parseArn } from '../api/arn.ts'
import type { Caller } from '../api/caller.ts'
import { refuse } from '../api/errors.ts'
import { RAM } from '../api/product.ts'
import type { House } from '../gateway/house.ts'
import type { HttpRequest } from '../gateway/request.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { RequestFacts } from '../ram/conditions.ts'
import { roleByName, userByName } from '../ram/find.ts'
import type { PersonCaller } from '../ram/logged-on.ts'
import { conditionKey } from '../ram/policy/condition-key.ts'
import { isJsonObject, type JsonObject } from '../runtime/json.ts'
import { boundedText } from './body.ts'

const MOST_QUESTIONS = 100
const MOST_CONTEXT = 50
const MAX_TEXT = 2048

/** Who asks, and where. */
export interface Asking {
  readonly caller: PersonCaller
  readonly request: HttpRequest
  readonly house: House
  /** The view through which the question is answered. */
  readonly view: LedgerView
}

/** Answers questions about the caller itself, or about the `Principal` that they name: `user/NAME` or `role/NAME` of its account. */
export async function simulate(given: JsonObject, asking: Asking): Promise<object> {
  const { caller, house, view } = asking
  const named = given['Principal']
  const asked = named === undefined ? caller : await principalNamed(textOf(named, 'Principal'), asking)
  const facts = factsOf(asking, given['Context'], named === undefined)
  const questions = listOf(given['Questions'], 'Questions', MOST_QUESTIONS)
  const seesStatements = named !== undefined || (await mayReadOwn(asking))
  const Answers: object[] = []
  for (const one of questions) {
    const question = questionOf(one, asked, facts, asking)
    const { decision, reason, statements, warnings } = await answerTo(asked, question, { ...house, ledger: view })
    const effect = decision === 'ExplicitDeny' ? 'Deny' : 'Allow'
    const by = decision === 'ImplicitDeny' ? undefined : statements.find((statement) => statement.effect === effect)
    Answers.push({
      Allowed: decision === 'Allow',
      Decision: decision,
      ...(seesStatements && by && { By: statementShown(by) }),
      ...(named !== undefined && {
        Reason: reason,
        Statements: statements.map(statementShown),
        Warnings: warnings,
      }),
    })
    await house.runtime.turn()
  }
  return { Answers }
}

/** The principals of the caller's account that may perform an action on a resource. */
export async function whoMay(given: JsonObject, asking: Asking): Promise<object> {
  const { caller, house, view } = asking
  const { accountId } = caller
  const of = (path: string) => `acs:ram:*:${accountId}:${path}`
  await demand(asking, [
    ['ram:ListUsers', of('user/*')],
    ['ram:ListRoles', of('role/*')],
    ['ram:ListPoliciesForUser', of('user/*')],
    ['ram:ListPoliciesForRole', of('role/*')],
    ['ram:GetPolicyVersion', of('policy/*')],
  ])
  const question = questionOf(given, caller, factsOf(asking, given['Context'], false), asking)
  if (parseArn(question.arn)?.account !== accountId)
    throw refuse('InvalidParameter', { name: 'Resource', rule: 'The full ARN of a resource of this account.' })
  const { may, warnings } = await whoCan(accountId, question, { ...house, ledger: view })
  return { Principals: may, Warnings: [...warnings] }
}

/** The principal, as the service sees its calls. Refuses who may not read its policies. */
async function principalNamed(principal: string, asking: Asking): Promise<Caller> {
  const { caller, view } = asking
  const [, kind, name = ''] = /^(user|role)\/([A-Za-z0-9.@_-]{1,64})$/.exec(principal) ?? []
  const rule = { name: 'Principal', rule: 'user/NAME or role/NAME.' }
  if (kind === undefined) throw refuse('InvalidParameter', rule)
  const of = (path: string) => `acs:ram:*:${caller.accountId}:${path}`
  const reads = { ledger: view, caller }
  if (kind === 'user') {
    const user = await userByName(name, reads)
    const arn = of(`user/${user?.body.userName ?? name}`)
    const needed = ['ram:ListPoliciesForUser', 'ram:ListGroupsForUser'].map((action) => [action, arn] as const)
    await demand(asking, [...needed, ['ram:GetPolicyVersion', of('policy/*')]])
    if (!user) throw refuse('EntityNotExist.User')
    return userCaller(user)
  }
  const role = await roleByName(name, reads)
  const arn = of(`role/${role?.body.roleName ?? name}`)
  await demand(asking, [
    ['ram:ListPoliciesForRole', arn],
    ['ram:GetPolicyVersion', of('policy/*')],
  ])
  if (!role) throw refuse('EntityNotExist.Role')
  return roleCaller(role)
}

/** Refuses with NoPermission unless policies allow the caller each action on its resource. */
async function demand(asking: Asking, needed: readonly (readonly [action: string, arn: string])[]): Promise<void> {
  for (const [action, arn] of needed) {
    const denial = await denialOf(asking, action, arn)
    if (denial) throw RAM.denied(denial)
  }
}

async function mayReadOwn(asking: Asking): Promise<boolean> {
  const { accountId, userName } = asking.caller
  return (await denialOf(asking, 'ram:ListPoliciesForUser', `acs:ram:*:${accountId}:user/${userName}`)) === null
}

function denialOf({ caller, request, house, view }: Asking, action: string, arn: string) {
  const facts = ownFacts(request, house)
  const resources = [{ type: '', name: '', arn }]
  return house.authorizer.denial({ caller, action, resources, facts, ledger: view })
}

function ownFacts({ secure, sourceAddress }: HttpRequest, house: House): RequestFacts {
  return { now: house.now(), secureTransport: secure, sourceAddress, requestTags: [] }
}

/** The facts of the calls asked about: the caller's own, or of others what `Context` says. */
function factsOf({ request, house }: Asking, context: unknown, own: boolean): RequestFacts {
  const members = context === undefined ? [] : Object.entries(isJsonObject(context) ? context : {})
  if (members.length > MOST_CONTEXT)
    throw refuse('InvalidParameter', { name: 'Context', rule: `At most ${MOST_CONTEXT} keys.` })
  const further = new Map(members.map(([key, value]) => [conditionKey(key), textOf(value, 'Context')]))
  const plain = own
    ? ownFacts(request, house)
    : { ...ownFacts(request, house), secureTransport: false, sourceAddress: '' }
  return { ...plain, further }
}

function questionOf(given: unknown, caller: Caller, facts: RequestFacts, { request }: Asking): Question {
  if (!isJsonObject(given)) throw refuse('InvalidParameter', { name: 'Questions', rule: 'Each is an object.' })
  const region = given['Region'] === undefined ? (request.regions[0] ?? '') : textOf(given['Region'], 'Region')
  const resource = given['Resource'] === undefined ? '*' : textOf(given['Resource'], 'Resource')
  const isArn = resource === '*' || resource.startsWith('acs:')
  const service = textOf(given['Action'], 'Action').split(':', 1)[0] ?? ''
  const place = service === 'ram' ? '*' : region
  const arn = isArn ? resource : `acs:${service}:${place}:${caller.accountId}:${resource}`
  return { action: textOf(given['Action'], 'Action'), arn, facts, asker: caller.accountId }
}

function statementShown(place: { policyName: string; policyVersion: string; statementIndex: number; effect: string }) {
  const { policyName, policyVersion, statementIndex, effect } = place
  return { PolicyName: policyName, PolicyVersion: policyVersion, StatementIndex: statementIndex, Effect: effect }
}

function listOf(value: unknown, name: string, most: number): readonly unknown[] {
  if (Array.isArray(value) && value.length <= most) return value as unknown[]
  throw refuse('InvalidParameter', { name, rule: `An array of at most ${most}.` })
}

function textOf(value: unknown, name: string): string {
  return boundedText(value, name, MAX_TEXT)
}
