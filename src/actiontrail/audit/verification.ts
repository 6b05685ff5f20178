// A verification of the trail that an account asked for: its record, and how it goes from one state to the next. Pure functions.
//
//   Waiting     a server takes it at once, or after the one that it does
//   Running     a server does it, and says so before `dueAt`: from then on any server begins it again
//   Intact      the events are as they were recorded
//   NotIntact   `fault` says what is not
//   Canceled    CancelEventVerification ended it
//   Failed      the server could not go on; its log says why
import { INSTALLATION, insert, type Kind, type Recorded, update } from '../../ledger/record.ts'
import type { Period } from './range.ts'
import { seenBy, type TrailFault, type Verified } from './verify.ts'

export type VerificationState = 'Waiting' | 'Running' | 'Intact' | 'NotIntact' | 'Canceled' | 'Failed'

/** `own`: whether it is at an event of the account that asked. Absent in verdicts of earlier releases. */
type FoundFault = Omit<TrailFault, 'event'> & { readonly own?: boolean }

/** Times are milliseconds since 1970. */
export interface VerificationBody extends Period {
  readonly state: VerificationState
  readonly askedAt: number
  readonly startedAt: number | null
  readonly endedAt: number | null
  /** The server that does it, or did last. */
  readonly node: string | null
  /** How many events it has gone through, and how many there are; 0 until that is known. */
  readonly seen: number
  readonly total: number
  readonly fault: FoundFault | null
  /** See Verified. */
  readonly confirmed: number
}

/** The last verification of each account, by the account's id. */
export const VERIFICATION: Kind<VerificationBody> = { name: 'trail-verification', counted: false }
export type Verification = Recorded<VerificationBody>
export const VERIFICATION_SCOPE = INSTALLATION

/** How long a server holds a verification without saying how far it is. */
const HELD_MS = 60_000

/** An account rests so many times as long as its last verification took: it takes a server a fifth of the time at the most. */
const REST = 4
/** A server notices so late at the most that its verification was canceled. */
const NOTICED_MS = 2000

/** When the account may ask for the next one, in milliseconds since 1970. One that no server had begun costs no rest. */
export function restsUntil({ state, startedAt, endedAt }: VerificationBody): number {
  if (startedAt === null || endedAt === null) return 0
  const took = endedAt - startedAt + (state === 'Canceled' ? NOTICED_MS : 0)
  return endedAt + REST * took
}

/** Whether it has no verdict yet, and may have one. */
export function isOpen({ state }: VerificationBody): boolean {
  return state === 'Waiting' || state === 'Running'
}

/** The change that asks for a verification, in the place of the account's last one. */
export function asked(account: string, last: Verification | null, period: Period, now: number) {
  const body: VerificationBody = {
    ...period,
    state: 'Waiting',
    askedAt: now,
    startedAt: null,
    endedAt: null,
    node: null,
    seen: 0,
    total: 0,
    fault: null,
    confirmed: 0,
  }
  if (last) return update(last, { body, dueAt: now })
  return insert(VERIFICATION, { ...VERIFICATION_SCOPE, id: account, createdAt: now, dueAt: now, body })
}

/** The server `node` begins it, again where another had. */
export function begun(it: Verification, node: string, now: number) {
  const body: VerificationBody = { ...it.body, state: 'Running', node, startedAt: now, seen: 0, total: 0 }
  return update(it, { body, dueAt: now + HELD_MS })
}

export function moved(it: Verification, seen: number, total: number, now: number) {
  return update(it, { body: { ...it.body, seen, total }, dueAt: now + HELD_MS })
}

/** The server stops: another one, or its next start, begins it again. */
export function handedBack(it: Verification, now: number) {
  return update(it, { body: { ...it.body, state: 'Waiting', node: null }, dueAt: now })
}

/** The stored fault does not name an event of another account by its id. */
export function judged(
  it: Verification,
  { events, confirmed, fault }: Pick<Verified<TrailFault>, 'events' | 'confirmed' | 'fault'>,
  now: number,
) {
  const state = fault ? 'NotIntact' : 'Intact'
  const total = Math.max(it.body.total, events)
  const found = fault && { ...seenBy(it.id, fault), own: fault.event?.account === it.id }
  return ended(it, { state, seen: events, total, confirmed, fault: found }, now)
}

export function ended(it: Verification, how: Partial<VerificationBody>, now: number) {
  return update(it, { body: { ...it.body, ...how, endedAt: now }, dueAt: null })
}
