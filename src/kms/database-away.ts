import { Refusal } from '../api/errors.ts'
import { Unavailable } from '../storage/storage.ts'

/** Whether the error means that the service's own database can't be read or written. Then no other work can succeed either. */
export function isDatabaseAway(error: unknown): boolean {
  return error instanceof Unavailable || (error instanceof Refusal && error.code === 'ServiceUnavailableTemporary')
}
