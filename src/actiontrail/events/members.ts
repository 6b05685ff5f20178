// The members by which lookups and trails select an event, read without rendering the whole event.
import { productNamed } from '../../api/product.ts'
import {
  type LogOnEvent,
  SERVICE_WORK,
  type StoredCall,
  type StoredCaller,
  type StoredLogOn,
  type StoredResources,
  type StoredService,
} from '../../ledger/stored-event.ts'
import type { EventRow } from '../../storage/storage.ts'

type LogOnType = 'ConsoleSignin' | 'ConsoleSignout' | 'ConsoleOperation'

interface EventMembers {
  readonly name: string
  readonly access: 'Read' | 'Write'
  readonly type: 'ApiCall' | 'AliyunServiceEvent' | LogOnType
  readonly product: string
  readonly sourceAddress: string
  readonly identity: {
    readonly type: string
    readonly principalId: string
    readonly userName: string
    /** null for the service itself, and for sessions of the console. */
    readonly accessKeyId: string | null
  }
  readonly resources: StoredResources
}

/** Reads the members of a stored event. */
export function eventMembers({ account, body }: EventRow): EventMembers {
  const facts = JSON.parse(body) as StoredCall | StoredService | StoredLogOn
  if (facts[0] === 2) {
    const [, name, resources] = facts
    const identity = { type: 'system', principalId: account, userName: 'system', accessKeyId: null }
    const type = 'AliyunServiceEvent'
    return { name, access: 'Write', type, product: SERVICE_WORK[name], sourceAddress: 'Internal', identity, resources }
  }
  if (facts[0] === 4) {
    const [, name, , sourceAddress, , caller] = facts
    const product = logOnService(caller)
    return {
      name,
      access: 'Write',
      type: logOnType(name),
      product,
      sourceAddress,
      identity: identityIn(caller),
      resources: [],
    }
  }
  const [, product, , name, access, , sourceAddress, , caller, , resources] = facts
  return { name, access, type: 'ApiCall', product, sourceAddress, identity: identityIn(caller), resources }
}

function identityIn([type, principalId, userName, accessKeyId]: StoredCaller): EventMembers['identity'] {
  return { type, principalId, userName, accessKeyId: accessKeyId || null }
}

const USERS = 'AasSub'
const ACCOUNTS = 'AasCustomer'

/** The service that a log-on's event names. */
export function logOnService([type]: StoredCaller): string {
  return type === 'ram-user' ? USERS : ACCOUNTS
}

/** The type of a log-on's event. ActionTrail has types of their own only for the beginning and the end of a session. */
export function logOnType(name: LogOnEvent): LogOnType {
  return name === 'ConsoleSignin' || name === 'ConsoleSignout' ? name : 'ConsoleOperation'
}

/** Whether lookups and trails of every region show the product's events. */
export function isGlobal(product: string): boolean {
  return product === USERS || product === ACCOUNTS || productNamed(product)?.hasGlobalEvents === true
}
