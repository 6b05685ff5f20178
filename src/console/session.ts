// Beginning and ending sessions of the console: the principal's record lists those that were not logged off.
import type { House } from '../gateway/house.ts'
import type { Change } from '../ledger/record.ts'
import type { SecurityPreference } from '../ram/account-settings.ts'
import { keepLogOns, type LogOns, NO_LOG_ONS } from '../ram/log-on.ts'
import type { PersonCaller } from './principal.ts'
import type { Session } from './sealed.ts'

const HOUR_MS = 3_600_000
/** The most sessions of a principal; one more ends the oldest. */
const MOST_SESSIONS = 100

/** A new session, and the change that lists it; a password that was right forgets the failures before. `now` is in milliseconds since 1970. */
export function begun(
  caller: PersonCaller,
  kept: Pick<Session, 'accessKeyId' | 'mark' | 'mfa'>,
  logOns: LogOns | null,
  { LoginSessionDuration }: SecurityPreference,
  now: number,
  { newId }: Pick<House, 'newId'>,
): { session: Session; change: Change } {
  const { accountId, principalId } = caller
  const until = now + LoginSessionDuration * HOUR_MS
  const session = { ...kept, id: newId(), accountId, principalId, since: now, until }
  const before = logOns?.body ?? NO_LOG_ONS
  const others = before.sessions.filter((one) => one.until > now)
  const failures = kept.accessKeyId === '' ? { failed: 0, lockedUntil: 0 } : {}
  const sessions = [...others, { id: session.id, until }].slice(-MOST_SESSIONS)
  return { session, change: keepLogOns(logOns, caller, { ...before, ...failures, lastAt: now, sessions }, now) }
}

/** The change that logs a session off. */
export function ended(session: Session, logOns: LogOns, now: number): Change {
  const sessions = logOns.body.sessions.filter(({ id }) => id !== session.id)
  return keepLogOns(logOns, session, { ...logOns.body, sessions }, now)
}
