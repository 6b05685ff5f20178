// The events of the service's own rotations: about the secret, and about the AccessKeys that a rotation changes in RAM.
import type { Change } from '../../ledger/record.ts'
import { type StoredService, storedServiceWork } from '../../ledger/stored-event.ts'
import type { User } from '../../ram/records.ts'
import type { EventRow } from '../../storage/storage.ts'
import { KMS_CALLER } from '../cloud-product.ts'
import type { KmsContext } from '../operation.ts'
import type { Secret } from './records.ts'

/** The changes and the events of one commit. */
export interface Work {
  readonly changes: readonly Change[]
  readonly events: readonly EventRow[]
}

type AccessKeyWork = 'CreateAccessKey' | 'UpdateAccessKey' | 'DeleteAccessKey'
type Context = Pick<KmsContext, 'scope' | 'now'> & { newId(): string }

/** The event of a rotation, or of the `error` that stops it. */
export function secretWork(
  secret: Secret,
  context: Context,
  how: { readonly error?: NonNullable<StoredService[4]>; readonly instanceId?: string } = {},
): EventRow {
  const { error, instanceId } = how
  const resources = [
    { type: 'ACS::KMS::Secret', name: secret.id },
    ...(instanceId === undefined ? [] : [{ type: 'ACS::RDS::DBInstance', name: instanceId }]),
  ]
  return row(context, storedServiceWork('RotateSecret', resources, error ? { error } : {}))
}

export function accessKeyWork(name: AccessKeyWork, accessKeyId: string, user: User, context: Context): EventRow {
  return row(context, accessKeyEvent(name, accessKeyId, user))
}

/** The body of an event of RAM about the service's change of an AccessKey, which names the key service as its origin. */
export function accessKeyEvent(name: AccessKeyWork, accessKeyId: string, user: User): string {
  const resources = [
    { type: 'ACS::RAM::User', name: user.body.userName },
    { type: 'ACS::RAM::AccessKey', name: accessKeyId },
  ]
  return storedServiceWork(name, resources, { invokedBy: KMS_CALLER.principalId })
}

function row({ scope, now, newId }: Context, body: string): EventRow {
  return { ...scope, eventId: newId(), at: now, body }
}
