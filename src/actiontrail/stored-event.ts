// What is stored of an event: its facts in a fixed order, shown as far as the operation's declaration lets them be.
import type { Caller } from '../api/caller.ts'
import { type Denial, denialSeenBy, type Refusal } from '../api/errors.ts'
import type { Reply, ReplyValue, Resource } from '../api/operation.ts'

const LONGEST_VALUE = 1024

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
  foreign?: readonly [requestId: string, callersAccount: string],
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
  const { caller, refusal, reply, trail, resources } = facts
  const names = resources.flatMap(({ type, name }) => (type === '' ? [] : [[type, cut(name)] as const]))
  const stored: StoredCall = [
    3,
    facts.product,
    facts.apiVersion,
    facts.operation,
    facts.access,
    facts.host,
    facts.sourceAddress,
    cut(facts.userAgent),
    storedCaller(caller),
    shownParameters(facts, names),
    names,
    reply === null || trail.reply.length === 0 ? 0 : referring(picked(reply, trail.reply), names),
    refusal === null ? 0 : [refusal.code, cut(refusal.message)],
  ]
  const denial = refusal?.denial
  if (facts.requestId !== undefined)
    return JSON.stringify([
      ...stored,
      denial ? storedDenial(facts.account, denial) : 0,
      [facts.requestId, caller.accountId],
    ])
  return JSON.stringify(denial ? [...stored, storedDenial(facts.account, denial)] : stored)
}

function storedDenial(account: string, denial: Denial): StoredDenial {
  const { action, resource, type, policyType, by } = denialSeenBy(account, denial)
  return { action, resource, type, policyType, by }
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

function shownParameters(
  { trail, parameters, isPiece }: CallFacts,
  resources: Named,
): Record<string, string | number> | 0 {
  const shown: Record<string, string | number> = {}
  let some = false
  const show = (name: string, value: string) => {
    const index = resources.findIndex(([, resource]) => resource === value)
    shown[name] = index < 0 ? cut(value) : index
    some = true
  }
  for (const name of trail.show) {
    const value = parameters.get(name)
    if (value !== undefined) show(name, value)
  }
  for (const [name, value] of parameters) {
    const dot = name.indexOf('.')
    if (dot > 0 && trail.show.includes(name.slice(0, dot)) && isPiece(name)) show(name, value)
  }
  return some ? shown : 0
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

function cut(value: string): string {
  return value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}...` : value
}
