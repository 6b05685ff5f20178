// The body of a stored event: its facts in a fixed order, as JSON (docs/reference/trail-formats.md, "Bodies"). This file defines the
// formats; ActionTrail renders the API's event from them.
import type { Denial } from '../api/errors.ts'
import type { ReplyValue, Resource } from '../api/operation.ts'

/** The body of a call's event. Each fact appears once. */
export type StoredCall = readonly [
  /** In format 1, values do not refer to resources. */
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
  resources: StoredResources,
  reply: Readonly<Record<string, ReplyValue | readonly [ResourceIndex]>> | 0,
  error: readonly [code: string, message: string] | 0,
  denial?: StoredDenial | 0,
  /** Present where the caller belongs to another account than the event. */
  foreign?: readonly [requestId: string, callersAccount: string] | 0,
  unsaid?: Unsaid,
]

/** The body of an event about the service's own work. */
export type StoredService = readonly [
  format: 2,
  name: ServiceWork,
  resources: StoredResources,
  /** The service for which another product did the work, such as kms.aliyuncs.com. Empty or absent for the product's own work. */
  invokedBy?: string,
  /** Why the work failed. */
  error?: readonly [code: string, message: string],
]

/** The body of an event about a log-on to the console, a log-off, or a person's answer to a log-on of the command line. */
export type StoredLogOn = readonly [
  format: 4,
  name: LogOnEvent,
  host: string,
  sourceAddress: string,
  userAgent: string,
  caller: StoredCaller,
  /** The typed name, or the AccessKeyId. */
  account: string,
  /** The path of the page. */
  path: string,
  /** Whether a second factor was checked. */
  mfa: 0 | 1,
  error?: readonly [code: string, cause: string] | 0,
  unsaid?: Unsaid,
]

export type LogOnEvent = 'ConsoleSignin' | 'ConsoleSignout' | 'ConsoleAllow' | 'ConsoleDeny'

/** The resources, each once. */
export type StoredResources = readonly (readonly [type: string, name: string])[]

/** The index of a resource, in place of a value that is the resource's name. In a reply it is the only item of a list. */
export type ResourceIndex = number

/**
 * The identity of a caller. For a session, also the time of its beginning (milliseconds since 1970), the service that began it ('' for
 * none, if more follows), and whether a second factor was checked at the log-on. A session of the console has an empty AccessKeyId.
 */
export type StoredCaller = readonly [
  type: string,
  principalId: string,
  userName: string,
  accessKeyId: string,
  startedAt?: number,
  invokedBy?: string,
  mfa?: 0 | 1,
]

/** Events of earlier releases contain further members, which no event shows. */
export type StoredDenial = Pick<Denial, 'action' | 'resource' | 'type' | 'policyType' | 'by'>

/** What an event omits. */
export interface Unsaid {
  /** Incomplete members of the event. */
  readonly cut?: readonly ('requestParameters' | 'referencedResources')[]
  /** The number of the account's refused calls before this one that have no event, because they came too fast. */
  readonly unrecorded?: number
}

/** The names of events about the service's own work, with the product that each event names. */
export const SERVICE_WORK = {
  DeleteKey: 'Kms',
  DeleteExpiredKeyMaterial: 'Kms',
  RotateKey: 'Kms',
  RotateSecret: 'Kms',
  DeleteSecret: 'Kms',
  AcceptRestoredTrail: 'Actiontrail',
  ChangeRootKeyProvider: 'Kms',
  RotateRootKey: 'Kms',
  DropRetiredRootKeys: 'Kms',
  CreateAccessKey: 'Ram',
  UpdateAccessKey: 'Ram',
  DeleteAccessKey: 'Ram',
} as const
export type ServiceWork = keyof typeof SERVICE_WORK

/** The body of an event about the service's own work, such as the deletion of a key whose waiting period is over. */
export function storedServiceWork(
  name: ServiceWork,
  resources: readonly Pick<Resource, 'type' | 'name'>[],
  { invokedBy = '', error }: { readonly invokedBy?: string; readonly error?: StoredService[4] } = {},
): string {
  const stored: StoredService = [2, name, resources.map((resource) => [resource.type, resource.name])]
  if (error) return JSON.stringify([...stored, invokedBy, error])
  return JSON.stringify(invokedBy === '' ? stored : [...stored, invokedBy])
}

/** Whether the body is that of an event about the service's own work. */
export function isServiceWork(body: string): boolean {
  return body.startsWith('[2,')
}

/** A copy of the object with every value mapped. */
export function mapped<V, W>(object: Readonly<Record<string, V>>, change: (value: V) => W): Record<string, W> {
  const out: Record<string, W> = {}
  for (const [name, value] of Object.entries(object)) out[name] = change(value)
  return out
}
