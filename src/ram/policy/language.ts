// The policy language (docs/reference/policy-language.md). A document is checked in full when it is written; a refusal names the place of the
// fault. Unknown members are refused too, because a part that is silently ignored could widen a grant.
//
//   policy      { "Version": "1", "Statement": [statement, …] }
//   statement   { "Effect": "Allow" or "Deny", "Action" or "NotAction": strings, "Resource": strings, "Condition"?: conditions, "Sid"?: text }
//               in a trust policy { "Effect", "Action": see TRUST_ACTIONS, "Principal": see principals.ts, "Condition"?, "Sid"? }
//   conditions  { operator: { key: values, … }, … }
//   strings     a string, or an array of at least one string; values are the same, and may also be numbers and booleans

import { duplicateMember, isJsonObject, type JsonObject } from '../../runtime/json.ts'
import { conditionKey, hasOwnPrefix, isUsableKey, meantKey } from './condition-key.ts'
import { type Condition, fits, fitting, isOperator } from './conditions.ts'
import { type Principal, parsePrincipals } from './principals.ts'
import { canMatch, isResourcePattern } from './resource-pattern.ts'

/** The use of a policy: attached to a principal, narrowing a session, or naming the principals that may assume a role. */
export type PolicyUse = 'identity' | 'session' | 'trust'

/** The document is not a valid policy. The message names the place of the fault. */
export class MalformedPolicy extends Error {}

export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  /** In lower case. */
  readonly actions: readonly string[]
  /** Whether the statement applies to all actions except `actions`. */
  readonly notActions: boolean
  /** Empty in a trust policy. */
  readonly resources: readonly string[]
  /** Empty except in a trust policy. */
  readonly principals: readonly Principal[]
  readonly conditions: readonly Condition[]
}

export interface Policy {
  readonly statements: readonly Statement[]
  /** Parts that match nothing, each with its place. A new policy is refused for them; policies of earlier releases may contain them. */
  readonly flaws: readonly string[]
}

/** Parses a new policy. Throws MalformedPolicy. The caller checks the length. */
export function parseNewPolicy(text: string, use: PolicyUse): Policy {
  const policy = parsePolicy(text, use)
  const [flaw] = policy.flaws
  if (flaw !== undefined) throw new MalformedPolicy(flaw)
  return policy
}

/** Parses a stored policy. Throws MalformedPolicy. */
export function parsePolicy(text: string, use: PolicyUse): Policy {
  const document = membersOf(parsedJson(text), 'The policy')
  const twice = duplicateMember(text)
  if (twice !== null) throw new MalformedPolicy(`The member "${twice}" is given twice in one object.`)
  onlyMembers(document, ['Version', 'Statement'], 'the policy')
  if (document['Version'] !== '1') throw new MalformedPolicy('The Version of the policy must be the string "1".')
  const statements = document['Statement']
  if (!Array.isArray(statements) || statements.length === 0)
    throw new MalformedPolicy('Statement must be an array of at least one statement.')
  const flaws: string[] = []
  const parsed = statements.map((statement: unknown, i) => parseStatement(statement, use, `Statement[${i}]`, flaws))
  return { statements: parsed, flaws }
}

/** The value of a text of JSON. A number is a symbol with its text: as a number it would lose digits, and `0.10` would become `0.1`. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) =>
      typeof value === 'number' ? Symbol(decimalText(context?.source, value)) : value,
    )
  } catch (error) {
    throw new MalformedPolicy(`The policy is not JSON: ${(error as Error).message.slice(0, 200)}`)
  }
}

/** The text of a number; for one with an exponent, that of its double: 1000 for 1e3. */
function decimalText(source: string | undefined, value: number): string {
  return source === undefined || /e/i.test(source) ? String(value) : source
}

function membersOf(value: unknown, what: string): JsonObject {
  if (isJsonObject(value)) return value
  throw new MalformedPolicy(`${what} must be a JSON object.`)
}

function onlyMembers(object: JsonObject, known: readonly string[], where: string): void {
  const unknown = Object.keys(object).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new MalformedPolicy(`The member "${shown(unknown)}" of ${where} is not supported.`)
}

const COMMON = ['Effect', 'Action', 'NotAction', 'Condition', 'Sid']

function parseStatement(value: unknown, use: PolicyUse, where: string, flaws: string[]): Statement {
  const statement = membersOf(value, where)
  onlyMembers(statement, [...COMMON, use === 'trust' ? 'Principal' : 'Resource'], where)
  const { Effect: effect, Sid: sid } = statement
  if (effect !== 'Allow' && effect !== 'Deny') throw new MalformedPolicy(`Effect of ${where} must be Allow or Deny.`)
  if (sid !== undefined && (typeof sid !== 'string' || sid.length > 128))
    throw new MalformedPolicy(`Sid of ${where} must be a string of at most 128 characters.`)
  return {
    effect,
    ...parseActions(statement, use, where, flaws),
    resources: use === 'trust' ? [] : parseResources(statement['Resource'], where, flaws),
    principals: use === 'trust' ? parsePrincipals(statement['Principal'], where, MalformedPolicy) : [],
    conditions: parseConditions(statement['Condition'], where, flaws),
  }
}

/** The actions of trust policies, in lower case: assuming the role, and setting the SourceIdentity of the session. */
const TRUST_ACTIONS = ['sts:assumerole', 'sts:setsourceidentity']
/** Our actions consist of letters and digits; some actions of other services contain other signs. */
const ACTION = /^[a-z0-9*?_-]+:[a-z0-9*?_./-]+$/

function parseActions(statement: JsonObject, use: PolicyUse, where: string, flaws: string[]) {
  const given = ['Action', 'NotAction'].filter((name) => statement[name] !== undefined)
  const [name = ''] = given
  if (given.length === 0) throw new MalformedPolicy('Add an Action or NotAction element to the policy statement.')
  if (given.length === 2) throw new MalformedPolicy(`${where} must have either Action or NotAction, not both.`)
  const written = strings(statement[name], `${name} of ${where}`)
  const actions = written.map((action) => action.toLowerCase())
  const place = `in ${name} of ${where}`
  if (use === 'trust') {
    if (name === 'Action' && actions.every((action) => TRUST_ACTIONS.includes(action)))
      return { actions, notActions: false }
    throw new MalformedPolicy(
      `A trust policy has the Action sts:AssumeRole alone, or with sts:SetSourceIdentity, ${place}.`,
    )
  }
  for (const [i, action] of actions.entries()) {
    if (action === '*' || ACTION.test(action)) continue
    const fault = `"${shown(written[i] ?? '')}" ${place} must be * or have the form service:operation.`
    // Earlier releases accepted further colons.
    const [service = '', ...rest] = action.split(':')
    if (!ACTION.test(`${service}:${rest.join('.')}`)) throw new MalformedPolicy(fault)
    flaws.push(fault)
  }
  return { actions, notActions: name === 'NotAction' }
}

function parseResources(value: unknown, where: string, flaws: string[]): string[] {
  if (value === undefined) throw new MalformedPolicy(`Add a Resource element to ${where}.`)
  const resources = strings(value, `Resource of ${where}`)
  const odd = resources.find((pattern) => !isResourcePattern(pattern))
  if (odd !== undefined)
    throw new MalformedPolicy(
      `"${shown(odd)}" in Resource of ${where} must be * or have the form acs:service:region:account:resource.`,
    )
  for (const pattern of resources)
    if (!canMatch(pattern))
      flaws.push(
        `"${shown(pattern)}" in Resource of ${where} can match no resource: write one acs:service:region:account:resource in each string.`,
      )
  return resources
}

/** Returns the items of a string or of an array of at least one string. */
function strings(value: unknown, where: string): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw new MalformedPolicy(`${where} must not be empty.`)
  return list.map((item) => {
    if (typeof item !== 'string' || item === '')
      throw new MalformedPolicy(`${where} must hold strings that are not empty.`)
    return plain(item, where)
  })
}

/** Refuses ${…}: policy variables are not supported, so a policy must not rely on one. */
function plain(text: string, where: string): string {
  if (text.includes('${')) throw new MalformedPolicy(`\${ in ${where} is not supported: there are no policy variables.`)
  return text
}

function parseConditions(value: unknown, where: string, flaws: string[]): Condition[] {
  if (value === undefined) return []
  return Object.entries(membersOf(value, `Condition of ${where}`)).flatMap(([operator, keys]) => {
    if (/IfExists$/.test(operator) || operator === 'Null')
      throw new MalformedPolicy(`The condition operator 'IfExists/Null' is not supported, in ${where}.`)
    if (!isOperator(operator))
      throw new MalformedPolicy(`The condition operator "${shown(operator)}" in ${where} is not supported.`)
    const place = `${operator} of ${where}`
    return Object.entries(membersOf(keys, place)).map(([name, values]): Condition => {
      const key = conditionKey(name)
      const condition = { operator, key, values: conditionValues(values, operator, `${shown(name)} in ${place}`) }
      if (isUsableKey(key)) return condition
      const meant = meantKey(name)
      const advice = meant === null ? '' : ` Did you mean ${meant}?`
      const fault = `The condition key "${shown(name)}" in ${place} is not known.${advice}`
      if (hasOwnPrefix(key)) throw new MalformedPolicy(fault)
      flaws.push(fault)
      return { ...condition, impossible: true }
    })
  })
}

function conditionValues(value: unknown, operator: Condition['operator'], where: string): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw new MalformedPolicy(`The values of ${where} must not be empty.`)
  return list.map((item) => {
    if (typeof item !== 'string' && typeof item !== 'boolean' && typeof item !== 'symbol')
      throw new MalformedPolicy(`The values of ${where} must be strings.`)
    const text = plain(typeof item === 'symbol' ? (item.description ?? '') : String(item), where)
    if (!fits(operator, text))
      throw new MalformedPolicy(
        `"${shown(text)}" of ${where} does not fit the operator: it takes ${fitting(operator)}.`,
      )
    return text
  })
}

/** A text of the document for a message, cut to 100 characters. */
function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
