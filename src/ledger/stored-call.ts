// Writes the body of a call's event: the facts that the operation's declaration allows events to show, cut to size
// (docs/reference/events.md).

import { type Caller, mfaPresent } from '../api/caller.ts'
import { type Denial, denialSeenBy, type Refusal } from '../api/errors.ts'
import type { Reply, ReplyValue, Resource } from '../api/operation.ts'
import { onceFor } from '../runtime/once-for.ts'
import {
  mapped,
  type ResourceIndex,
  type StoredCall,
  type StoredCaller,
  type StoredDenial,
  type StoredResources,
  type Unsaid,
} from './stored-event.ts'

/** The longest value in UTF-16 units. A longer value is cut, and ends in three dots. */
const LONGEST_VALUE = 1024
/** The most bytes of JSON for an event's parameters, and for the names of its resources. */
const MOST_BYTES = 16_384

/** The facts of a call for its event, other than the event's id, region and time. */
export interface CallFacts {
  readonly product: string
  readonly apiVersion: string
  readonly operation: string
  readonly access: 'Read' | 'Write'
  readonly trail: { readonly show: readonly string[]; readonly reply: readonly string[] }
  readonly host: string
  readonly sourceAddress: string
  readonly userAgent: string
  readonly caller: Caller
  /** The account that the event belongs to. */
  readonly account: string
  /** The request's id, where the event has its own id: in the event of an account that did not make the call. */
  readonly requestId?: string
  readonly parameters: ReadonlyMap<string, string>
  /** Whether the name is a piece of a declared parameter: Name.1, Name.1.Key and so on. */
  isPiece(name: string): boolean
  readonly resources: readonly Resource[]
  readonly reply: Reply | null
  readonly refusal: Refusal | null
  readonly unsaid?: Unsaid
}

/** The body of the call's event, without line breaks. */
export function storedCall(facts: CallFacts): string {
  const { caller, refusal, reply, trail } = facts
  const allNames = namesOf(facts.resources)
  const names = fits(allNames) ? allNames : fitting(allNames)
  const allParameters = shownParameters(facts, names)
  const parameters = fits(allParameters) ? allParameters : fitting(allParameters)
  const stored: StoredCall = [
    3,
    facts.product,
    facts.apiVersion,
    facts.operation,
    facts.access,
    facts.host,
    facts.sourceAddress,
    shortened(facts.userAgent),
    storedCaller(caller),
    parameters.length === 0 ? 0 : Object.fromEntries(parameters),
    names,
    reply === null || trail.reply.length === 0 ? 0 : referring(picked(reply, trail.reply), names),
    refusal === null ? 0 : [refusal.code, shortened(refusal.message)],
  ]
  const denial = refusal?.denial ? storedDenial(facts.account, refusal.denial) : 0
  const foreign = facts.requestId === undefined ? 0 : ([facts.requestId, caller.accountId] as const)
  const unsaid = unsaidOf(facts, parameters.length < allParameters.length, names.length < allNames.length)
  if (unsaid) return JSON.stringify([...stored, denial, foreign, unsaid])
  if (foreign) return JSON.stringify([...stored, denial, foreign])
  return JSON.stringify(denial ? [...stored, denial] : stored)
}

function unsaidOf({ unsaid }: CallFacts, parametersCut: boolean, resourcesCut: boolean): Unsaid | undefined {
  if (!parametersCut && !resourcesCut) return unsaid
  const cut = ['requestParameters', 'referencedResources'] as const
  return { ...unsaid, cut: cut.filter((member) => (member === 'requestParameters' ? parametersCut : resourcesCut)) }
}

function storedDenial(account: string, denial: Denial): StoredDenial {
  const { action, resource, type, policyType, by } = denialSeenBy(account, denial)
  return { action, resource: shortened(resource), type, policyType, by }
}

/** Type and name of each resource that events show, without duplicates. */
function namesOf(resources: readonly Resource[]): StoredResources {
  const names: [type: string, name: string][] = []
  for (const { type, name: full } of resources) {
    const name = shortened(full)
    if (type !== '' && !names.some((known) => known[0] === type && known[1] === name)) names.push([type, name])
  }
  return names
}

type Pair = readonly [string, string | number]

/**
 * Whether the pairs certainly fit. A character takes at most six bytes of JSON. This bound is nearly always enough, and spares the
 * encoding.
 */
function fits(pairs: readonly Pair[]): boolean {
  let most = 0
  for (const [name, value] of pairs) most += 6 * (name.length + (typeof value === 'string' ? value.length : 2)) + 8
  return most <= MOST_BYTES
}

/** The pairs that fit, in order. Omits a pair that does not fit; shorter ones after it may fit. */
function fitting<P extends Pair>(pairs: readonly P[]): readonly P[] {
  let left = MOST_BYTES
  return pairs.filter((pair) => {
    const bytes = Buffer.byteLength(JSON.stringify(pair))
    if (bytes > left) return false
    left -= bytes
    return true
  })
}

/** The caller as events store it. */
export function storedCaller(caller: Caller): StoredCaller {
  const { principalId, userName, accessKeyId } = caller
  // ActionTrail has no identity type for services and identity providers.
  const type = caller.type === 'service' || caller.type === 'oidc-provider' ? 'system' : caller.type
  const mfa = mfaPresent(caller)
  const known = mfa === null ? null : mfa ? 1 : 0
  if (caller.type !== 'assumed-role') {
    const { since } = ('loggedOn' in caller && caller.loggedOn) || {}
    if (since === undefined || known === null) return [type, principalId, userName, accessKeyId]
    return [type, principalId, userName, accessKeyId, since, '', known]
  }
  const { startedAt, invokedBy } = caller
  if (known !== null) return [type, principalId, userName, accessKeyId, startedAt, invokedBy ?? '', known]
  return invokedBy === null
    ? [type, principalId, userName, accessKeyId, startedAt]
    : [type, principalId, userName, accessKeyId, startedAt, invokedBy]
}

/** The parameters that the event shows, in the order of the declaration. Parameters in pieces come last. */
function shownParameters(
  { trail, parameters, isPiece }: CallFacts,
  resources: StoredResources,
): readonly (readonly [name: string, value: string | ResourceIndex])[] {
  const shown: [string, string | number][] = []
  const show = (name: string, value: string) => {
    const index = resources.findIndex(([, resource]) => resource === value)
    shown.push([name, index < 0 ? shortened(value) : index])
  }
  for (const name of trail.show) {
    const value = parameters.get(name)
    if (value !== undefined) show(name, value)
  }
  for (const [name, value] of parameters) {
    const dot = name.indexOf('.')
    if (dot > 0 && trail.show.includes(name.slice(0, dot)) && isPiece(name)) show(shortened(name), value)
  }
  return shown
}

/** The reply, with references in place of values that are names of resources. */
function referring(reply: Reply, resources: StoredResources): Record<string, ReplyValue | readonly [number]> {
  return mapped(reply, (value) => {
    const index = typeof value === 'string' ? resources.findIndex(([, name]) => name === value) : -1
    return index < 0 ? value : ([index] as const)
  })
}

type Path = readonly [outer: string, inner: string | undefined]

/** The parsed paths of a declaration: `Name` or `Object.Name`. */
const partsOf = onceFor((paths: readonly string[]): readonly Path[] =>
  paths.map((path) => {
    const [outer = '', inner] = path.split('.')
    return [outer, inner]
  }),
)

/** The members at these paths. */
function picked(reply: Reply, paths: readonly string[]): Reply {
  const out: Record<string, ReplyValue> = {}
  const objects: Record<string, Record<string, ReplyValue>> = {}
  for (const [outer, inner] of partsOf(paths)) {
    const value = reply[outer]
    if (value === undefined) continue
    if (inner === undefined) out[outer] = value
    else if (isObject(value) && value[inner] !== undefined) {
      const object = objects[outer] ?? {}
      object[inner] = value[inner]
      objects[outer] = object
      out[outer] = object
    }
  }
  return out
}

function isObject(value: ReplyValue | undefined): value is Reply {
  return typeof value === 'object' && !Array.isArray(value)
}

/** The value, cut to the longest length that events show. */
export function shortened(value: string): string {
  return value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}...` : value
}
