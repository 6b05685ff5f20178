// Begins and ends sessions of the console. The principal's record lists the sessions that were not logged off.
import type { House } from '../gateway/house.ts'
import type { Change } from '../ledger/record.ts'
import type { SecurityPreference } from '../ram/account-settings.ts'
import { keepLogOns, type LogOnBody, type LogOns, NO_LOG_ONS } from '../ram/log-on.ts'
import type { PersonCaller } from '../ram/logged-on.ts'
import type { LoggedOnSession } from '../ram/logged-on-session.ts'

const HOUR_MS = 3_600_000
/** The maximum of sessions per principal; one more ends the oldest. */
const MOST_SESSIONS = 100

/** A new session, and the change that lists it; a correct password resets the count of failures. `now` is in milliseconds since 1970. */
export function begun(
  caller: PersonCaller,
  kept: Pick<LoggedOnSession, 'accessKeyId' | 'mark' | 'mfa'>,
  logOns: LogOns | null,
  { LoginSessionDuration }: SecurityPreference,
  now: number,
  { runtime }: Pick<House, 'runtime'>,
): { session: LoggedOnSession; change: Change } {
  const { accountId, principalId } = caller
  const until = now + LoginSessionDuration * HOUR_MS
  const session = { ...kept, id: runtime.newId(), accountId, principalId, since: now, until }
  const before = logOns?.body ?? NO_LOG_ONS
  const failures = kept.accessKeyId === '' ? { failed: 0, lockedUntil: 0 } : {}
  const sessions = listedWith({ id: session.id, until }, before, now)
  return { session, change: keepLogOns(logOns, caller, { ...before, ...failures, lastAt: now, sessions }, now) }
}

/** The change that lists another session; a session with the same id is replaced. */
export function withSession(
  listed: LogOnBody['sessions'][number],
  principal: Pick<LoggedOnSession, 'accountId' | 'principalId'>,
  logOns: LogOns | null,
  now: number,
): Change {
  const before = logOns?.body ?? NO_LOG_ONS
  return keepLogOns(logOns, principal, { ...before, sessions: listedWith(listed, before, now) }, now)
}

function listedWith(listed: LogOnBody['sessions'][number], { sessions }: LogOnBody, now: number) {
  const others = sessions.filter(({ id, until }) => id !== listed.id && until > now)
  return [...others, listed].slice(-MOST_SESSIONS)
}

/** The change that logs off a session, with the sessions of the command line that it allowed. */
export function ended(session: LoggedOnSession, logOns: LogOns, now: number): Change {
  const sessions = logOns.body.sessions.filter(({ id, of }) => id !== session.id && of !== session.id)
  return keepLogOns(logOns, session, { ...logOns.body, sessions }, now)
}
