import { storedServiceWork } from '../ledger/stored-event.ts'
import type { EventRow } from '../storage/storage.ts'

export interface OperatorWork {
  readonly name: 'CreateAccessKey' | 'UpdateAccessKey' | 'DeleteAccessKey'
  readonly account: string
  readonly accessKeyId: string
}

/** Returns the event in the account's trail for an AccessKey that the operator changed by a command or by the environment of a start. */
export function operatorEvent(
  { name, account, accessKeyId }: OperatorWork,
  { region, at, eventId }: Pick<EventRow, 'region' | 'at' | 'eventId'>,
): EventRow {
  const body = storedServiceWork(name, [{ type: 'ACS::RAM::AccessKey', name: accessKeyId }])
  return { eventId, account, region, at, body }
}
