// Codes that the command line shows on one machine and a person types into the console on another. A code gets a record only when a person who
// is logged on types it, and a principal has one code at a time, so unauthenticated callers can't store anything.
import { type Change, INSTALLATION, type Kind, type Recorded, remove } from '../ledger/record.ts'
import type { Reads } from './find.ts'

/** A command line that asks for a session under a code. */
export interface Asking {
  readonly id: string
  /** The name that it gives for itself. */
  readonly name: string
  /** The source address of its request. */
  readonly address: string
  /** When it began to ask; milliseconds since 1970. */
  readonly at: number
}

export interface LogOnCodeBody {
  /** The principal who typed the code, and the session of the console in which that happened. */
  readonly principalId: string
  readonly sessionId: string
  /** That session, sealed. Its mark is a hash of a password or secret; sealing prevents a guess at it from a copy of the database. */
  readonly session: string
  /** Milliseconds since 1970. */
  readonly until: number
  /** null until the command line asks after the code was typed. */
  readonly asks: Asking | null
  readonly decision: 'allowed' | 'denied' | null
}

export type LogOnCode = Recorded<LogOnCodeBody>

/** Id: the code, without its hyphen. */
export const LOG_ON_CODE: Kind<LogOnCodeBody> = { name: 'ram-log-on-code', counted: false }

/** The record of a code; null before a person has typed it. */
export async function logOnCode(code: string, ledger: Reads['ledger']): Promise<LogOnCode | null> {
  return ledger.get(LOG_ON_CODE, INSTALLATION, code)
}

/** The changes that remove a code if the principal typed it; none where another principal has typed the same code since. */
export async function forgetCode(
  code: string,
  principalId: string,
  ledger: Reads['ledger'],
): Promise<readonly Change[]> {
  const record = await logOnCode(code, ledger)
  return record?.body.principalId === principalId ? [remove(LOG_ON_CODE, record)] : []
}
