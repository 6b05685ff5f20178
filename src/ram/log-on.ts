// What is kept of the log-ons of a user, or of the account itself: failures in a row, and the sessions of the console.
import { type Change, insert, type Kind, type Recorded, remove, update } from '../ledger/record.ts'
import type { Reads } from './find.ts'
import { ramScope } from './records.ts'

/** Times are milliseconds since 1970. */
export interface LogOnBody {
  /** Wrong passwords and codes since the last log-on, the last lock or the last change of the password. */
  readonly failed: number
  /** Until then no log-on succeeds; 0 where none is locked. */
  readonly lockedUntil: number
  /** When the last session began; null before the first. */
  readonly lastAt: number | null
  /** The sessions that were not logged off; those that are over stay until the next log-on. */
  readonly sessions: readonly { readonly id: string; readonly until: number }[]
}

export type LogOns = Recorded<LogOnBody>

/** Id: the UserId, or the account's id. */
export const LOG_ON: Kind<LogOnBody> = { name: 'ram-log-on', counted: false }

export const NO_LOG_ONS: LogOnBody = { failed: 0, lockedUntil: 0, lastAt: null, sessions: [] }

/** The record of a user or an account; null before its first log-on. */
export async function logOnsOf(principalId: string, { ledger, caller }: Reads): Promise<LogOns | null> {
  return ledger.get(LOG_ON, ramScope(caller.accountId), principalId)
}

/** The change that keeps this of a principal's log-ons. `createdAt` is the present moment. */
export function keepLogOns(
  before: LogOns | null,
  { accountId, principalId }: { readonly accountId: string; readonly principalId: string },
  body: LogOnBody,
  createdAt: number,
): Change {
  if (before) return update(before, { body })
  return insert(LOG_ON, { ...ramScope(accountId), id: principalId, createdAt, body })
}

/** The changes after which failures are counted from none, and a lock is lifted: none where there is neither. */
export async function forgetFailures(userId: string, context: Reads): Promise<readonly Change[]> {
  const record = await logOnsOf(userId, context)
  if (!record || (record.body.failed === 0 && record.body.lockedUntil === 0)) return []
  return [update(record, { body: { ...record.body, failed: 0, lockedUntil: 0 } })]
}

/** The changes that forget a user's log-ons. */
export async function forgetLogOns(userId: string, context: Reads): Promise<readonly Change[]> {
  const record = await logOnsOf(userId, context)
  return record ? [remove(LOG_ON, record)] : []
}
