// The members of an event that lookups and trails select by, read without rendering the whole event.
import { productNamed } from '../../api/product.ts'
import { SERVICE_WORK, type StoredCall, type StoredResources, type StoredService } from '../../ledger/stored-event.ts'
import type { EventRow } from '../../storage/storage.ts'

export interface EventMembers {
  readonly name: string
  readonly access: 'Read' | 'Write'
  readonly type: 'ApiCall' | 'AliyunServiceEvent'
  readonly product: string
  readonly sourceAddress: string
  readonly identity: {
    readonly type: string
    readonly principalId: string
    readonly userName: string
    /** null for the service itself. */
    readonly accessKeyId: string | null
  }
  readonly resources: StoredResources
}

/** Reads the members of a stored event. */
export function eventMembers({ account, body }: EventRow): EventMembers {
  const facts = JSON.parse(body) as StoredCall | StoredService
  if (facts[0] === 2) {
    const [, name, resources] = facts
    const identity = { type: 'system', principalId: account, userName: 'system', accessKeyId: null }
    const type = 'AliyunServiceEvent'
    return { name, access: 'Write', type, product: SERVICE_WORK[name], sourceAddress: 'Internal', identity, resources }
  }
  const [, product, , name, access, , sourceAddress, , caller, , resources] = facts
  const [type, principalId, userName, accessKeyId] = caller
  const identity = { type, principalId, userName, accessKeyId }
  return { name, access, type: 'ApiCall', product, sourceAddress, identity, resources }
}

/** Whether lookups and trails of every region show the product's events. */
export function isGlobal(product: string): boolean {
  return productNamed(product)?.hasGlobalEvents === true
}
