// What is stored of an event: its facts in a fixed order, shown as far as the operation's declaration lets them be.
import type { Caller } from '../api/caller.ts'
import { type Denial, denialSeenBy, type Refusal } from '../api/errors.ts'
import type { Reply, ReplyValue, Resource } from '../api/operation.ts'

const LONGEST_VALUE = 1024
/** So long, as JSON, are the parameters of an event at the most, and the names of its resources. What does not fit is left out, with a mark. */
const MOST_BYTES = 16_384

/** All that an event tells of a call, beside its id, account, region and time. */
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
  /** The account whose event it is. */
  readonly account: string
  /** The request's id, where the event has one of its own: it is that of an account which did not call. */
  readonly requestId?: string
  readonly parameters: ReadonlyMap<string, string>
  /** Whether a parameter is a piece of one to show: Name.1, Name.1.Key and so on. */
  isPiece(name: string): boolean
  readonly resources: readonly Resource[]
  readonly reply: Reply | null
  readonly refusal: Refusal | null
  readonly unsaid?: Unsaid
}

/** What an event leaves out. */
export interface Unsaid {
  /** Members of the event of which a part was left out. */
  readonly cut?: readonly ('requestParameters' | 'referencedResources')[]
  /** So many refused calls of the account before this one have no event: they came too fast. */
  readonly unrecorded?: number
}

/** What is stored of a call's event: its facts in a fixed order, none twice. `eventOf` makes the event of it. */
export type StoredCall = readonly [
  // 1 was the format before values could refer to resources.
  format: 1 | 3,
  product: string,
  apiVersion: string,
  operation: string,
  access: 'Read' | 'Write',
  host: string,
  sourceAddress: string,
  userAgent: string,
  caller: StoredCaller,
  parameters: Readonly<Record<string, string | ResourceIndex>> | 0,
  resources: readonly (readonly [type: string, name: string])[],
  reply: Readonly<Record<string, ReplyValue | readonly [ResourceIndex]>> | 0,
  error: readonly [code: string, message: string] | 0,
  denial?: StoredDenial | 0,
  /** Where the caller belongs to another account than the event. */
  foreign?: readonly [requestId: string, callersAccount: string] | 0,
  unsaid?: Unsaid,
]

/** Events of earlier releases hold more of it, which nothing shows. */
export type StoredDenial = Pick<Denial, 'action' | 'resource' | 'type' | 'policyType' | 'by'>

/** Stands for a value that is the name of one of the event's resources; in a reply it is the only item of a list. */
type ResourceIndex = number

/** A session adds when it began, and the service that began it. */
export type StoredCaller = readonly [
  type: string,
  principalId: string,
  userName: string,
  accessKeyId: string,
  startedAt?: number,
  invokedBy?: string,
]

/** The call's event as it is stored beside its id, account, region and time. */
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

/** Types and names of the resources to show, each once. */
function namesOf(resources: readonly Resource[]): Named {
  const names: [type: string, name: string][] = []
  for (const { type, name: full } of resources) {
    const name = shortened(full)
    if (type !== '' && !names.some((known) => known[0] === type && known[1] === name)) names.push([type, name])
  }
  return names
}

type Pair = readonly [string, string | number]

/** Whether all that is to be shown surely fits. As JSON a character takes up to six bytes; nearly always that is enough, and nothing is counted. */
function fits(pairs: readonly Pair[]): boolean {
  let most = 0
  for (const [name, value] of pairs) most += 6 * (name.length + (typeof value === 'string' ? value.length : 2)) + 8
  return most <= MOST_BYTES
}

/** As many of the pairs as fit, in their order. */
function fitting<P extends Pair>(pairs: readonly P[]): readonly P[] {
  let left = MOST_BYTES
  return pairs.filter((pair) => {
    const bytes = Buffer.byteLength(JSON.stringify(pair))
    if (bytes > left) return false
    left -= bytes
    return true
  })
}

/** A stored event with its columns; `at` is milliseconds since 1970. */
export interface StoredEvent {
  readonly eventId: string
  readonly account: string
  readonly region: string
  readonly at: number
  readonly body: string
}

/** What the service does by itself, and for which of its products. */
export const SERVICE_WORK = {
  DeleteKey: 'Kms',
  DeleteExpiredKeyMaterial: 'Kms',
  RotateKey: 'Kms',
  AcceptRestoredTrail: 'Actiontrail',
  ChangeRootKeyProvider: 'Kms',
  RotateRootKey: 'Kms',
  DropRetiredRootKeys: 'Kms',
  CreateAccessKey: 'Ram',
  UpdateAccessKey: 'Ram',
  DeleteAccessKey: 'Ram',
} as const
type ServiceWork = keyof typeof SERVICE_WORK
export type StoredService = readonly [
  format: 2,
  name: ServiceWork,
  resources: readonly (readonly [type: string, name: string])[],
]

/** What the service did by itself, such as deleting a key whose day has come (contract/actiontrail.md 3.1), as it is stored. */
export function storedServiceWork(name: ServiceWork, resources: readonly Resource[]): string {
  const stored: StoredService = [2, name, resources.map((resource) => [resource.type, resource.name])]
  return JSON.stringify(stored)
}

function storedCaller(caller: Caller): StoredCaller {
  const { principalId, userName, accessKeyId } = caller
  // The catalogue of event identities has no services: they count as the system.
  const type = caller.type === 'service' ? 'system' : caller.type
  if (caller.type !== 'assumed-role') return [type, principalId, userName, accessKeyId]
  const { startedAt, invokedBy } = caller
  return invokedBy === null
    ? [type, principalId, userName, accessKeyId, startedAt]
    : [type, principalId, userName, accessKeyId, startedAt, invokedBy]
}

type Named = readonly (readonly [type: string, name: string])[]

/** The parameters to show, in the order of the declaration, those in pieces last. */
function shownParameters(
  { trail, parameters, isPiece }: CallFacts,
  resources: Named,
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

/** The reply with references in place of resources' names. */
function referring(reply: Reply, resources: Named): Record<string, ReplyValue | readonly [number]> {
  return mapped(reply, (value) => {
    const index = typeof value === 'string' ? resources.findIndex(([, name]) => name === value) : -1
    return index < 0 ? value : ([index] as const)
  })
}

/** An object with every value changed. */
export function mapped<V, W>(object: Readonly<Record<string, V>>, change: (value: V) => W): Record<string, W> {
  const out: Record<string, W> = {}
  for (const [name, value] of Object.entries(object)) out[name] = change(value)
  return out
}

/** The members that `paths` (`Name` or `Object.Name`) name; all others stay out. */
function picked(reply: Reply, paths: readonly string[]): Reply {
  const out: Record<string, ReplyValue> = {}
  for (const path of paths) {
    const [outer = '', inner] = path.split('.')
    const value = reply[outer]
    if (value === undefined) continue
    if (inner === undefined) out[outer] = value
    else if (isObject(value) && value[inner] !== undefined)
      out[outer] = { ...(isObject(out[outer]) ? out[outer] : {}), [inner]: value[inner] }
  }
  return out
}

function isObject(value: ReplyValue | undefined): value is Reply {
  return typeof value === 'object' && !Array.isArray(value)
}

function shortened(value: string): string {
  return value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}...` : value
}
