// A verification of the trail that an account requested: its record, and its transitions as pure functions.
//
//   Waiting     a server begins it once it has finished the one before
//   Running     a server works on it, and renews `dueAt`; after `dueAt` any server begins it again
//   Intact      the events are as they were recorded
//   NotIntact   `fault` says what is wrong
//   Canceled    CancelEventVerification ended it
//   Failed      the server could not go on; its log says why
import { INSTALLATION, insert, type Kind, type Recorded, update } from '../../ledger/record.ts'
import type { Period } from './range.ts'
import { seenBy, type TrailFault, type Verified } from './verify.ts'

type VerificationState = 'Waiting' | 'Running' | 'Intact' | 'NotIntact' | 'Canceled' | 'Failed'

/** `own`: whether the fault is at an event of the account that asked. Absent in verdicts of earlier releases. */
type FoundFault = Omit<TrailFault, 'event'> & { readonly own?: boolean }

/** Times are milliseconds since 1970. */
export interface VerificationBody extends Period {
  readonly state: VerificationState
  readonly askedAt: number
  readonly startedAt: number | null
  readonly endedAt: number | null
  /** The server that works on it, or worked on it last. */
  readonly node: string | null
  /** How many events the server has gone through, and how many there are; 0 until that is known. */
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

/** How long a server may hold a verification without reporting progress. */
const HELD_MS = 60_000

/**
 * An account must rest this many times as long as its last verification took, so that verifications take at most a fifth of a server's
 * time.
 */
const REST = 4
/** The most time until a server notices that its verification was canceled. */
const NOTICED_MS = 2000

/**
 * When the account may ask for the next verification, in milliseconds since 1970. A verification that no server had begun costs no rest.
 */
export function restsUntil({ state, startedAt, endedAt }: VerificationBody): number {
  if (startedAt === null || endedAt === null) return 0
  const took = endedAt - startedAt + (state === 'Canceled' ? NOTICED_MS : 0)
  return endedAt + REST * took
}

/** Whether the verification is waiting or running. */
export function isOpen({ state }: VerificationBody): boolean {
  return state === 'Waiting' || state === 'Running'
}

/** The change that requests a verification. It replaces the account's last one. */
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

/** The server `node` begins the verification, or begins it again after another server. */
export function begun(it: Verification, node: string, now: number) {
  const body: VerificationBody = { ...it.body, state: 'Running', node, startedAt: now, seen: 0, total: 0 }
  return update(it, { body, dueAt: now + HELD_MS })
}

export function moved(it: Verification, seen: number, total: number, now: number) {
  return update(it, { body: { ...it.body, seen, total }, dueAt: now + HELD_MS })
}

/** The server stops: another server, or its next start, begins the verification again. */
export function handedBack(it: Verification, now: number) {
  return update(it, { body: { ...it.body, state: 'Waiting', node: null }, dueAt: now })
}

/** The verdict. The stored message leaves out the id of an event of another account. */
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
