import { Refusal, refuse } from '../api/errors.ts'
import { Unreachable } from '../keystore/keystore.ts'
import { Unavailable } from '../storage/storage.ts'
import type { House } from './house.ts'

/** Returns the refusal that a client gets for an error, and reports failures of the server. */
export function asRefusal(error: unknown, requestId: string, house: House): Refusal {
  if (error instanceof Refusal) return error
  // Not reported here: the key store reports an unreachable device once, instead of with every call.
  if (error instanceof Unreachable) return refuse('ServiceUnavailableTemporary')
  house.failed(`request ${requestId} failed`, error)
  return refuse(error instanceof Unavailable ? 'ServiceUnavailableTemporary' : 'InternalFailure')
}
