// The log-ons of a user, or of the account itself: consecutive failures, and the sessions.
import { type Change, insert, type Kind, type Recorded, remove, update } from '../ledger/record.ts'
import type { Reads } from './find.ts'
import { forgetCode } from './log-on-code.ts'
import { ramScope } from './records.ts'

/** Times are milliseconds since 1970. */
export interface LogOnBody {
  /** Wrong passwords and codes since the last log-on, the last lock or the last change of the password. */
  readonly failed: number
  /** No log-on succeeds before this time; 0 where log-ons are not locked. */
  readonly lockedUntil: number
  /** When the last session began; null before the first. */
  readonly lastAt: number | null
  /** The sessions that were not logged off. Expired sessions stay listed until the next log-on. */
  readonly sessions: readonly ListedSession[]
  /** The code that the principal typed last, in LOG_ON_CODE. */
  readonly code?: string
}

interface ListedSession {
  readonly id: string
  readonly until: number
  /** For a session of the command line, the session of the console that allowed it. When that session ends, so does this one. */
  readonly of?: string
  /** The session was allowed, and the command line has not fetched it yet. Until then it can't be used. */
  readonly waiting?: true
}

export type LogOns = Recorded<LogOnBody>

/** Id: the UserId, or the account's id. */
export const LOG_ON: Kind<LogOnBody> = { name: 'ram-log-on', counted: false }

export const NO_LOG_ONS: LogOnBody = { failed: 0, lockedUntil: 0, lastAt: null, sessions: [] }

/** The record of a user or an account; null before its first log-on. */
export async function logOnsOf(principalId: string, { ledger, caller }: Reads): Promise<LogOns | null> {
  return ledger.get(LOG_ON, ramScope(caller.accountId), principalId)
}

/** Whether a session has begun, and neither it nor the session that allowed it was logged off. */
export function isListed(id: string, logOns: LogOns | null): boolean {
  const sessions = logOns?.body.sessions ?? []
  const listed = sessions.find((session) => session.id === id)
  if (!listed || listed.waiting) return false
  return listed.of === undefined || sessions.some((session) => session.id === listed.of)
}

/** The change that stores a principal's log-ons. `createdAt` is the present time, for a new record. */
export function keepLogOns(
  before: LogOns | null,
  { accountId, principalId }: { readonly accountId: string; readonly principalId: string },
  body: LogOnBody,
  createdAt: number,
): Change {
  if (before) return update(before, { body })
  return insert(LOG_ON, { ...ramScope(accountId), id: principalId, createdAt, body })
}

/** The changes that reset the count of failures and lift a lock; none where there is nothing to reset. */
export async function forgetFailures(userId: string, context: Reads): Promise<readonly Change[]> {
  const record = await logOnsOf(userId, context)
  if (!record || (record.body.failed === 0 && record.body.lockedUntil === 0)) return []
  return [update(record, { body: { ...record.body, failed: 0, lockedUntil: 0 } })]
}

/** The changes that remove the record of a user's log-ons. */
export async function forgetLogOns(userId: string, context: Reads): Promise<readonly Change[]> {
  const record = await logOnsOf(userId, context)
  if (!record) return []
  const { code } = record.body
  return [remove(LOG_ON, record), ...(code === undefined ? [] : await forgetCode(code, userId, context.ledger))]
}
