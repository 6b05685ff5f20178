// Codes that the command line shows on one machine and a person types into the console on another. A record exists only once somebody who is
// logged on has typed the code, and a principal has one at a time: strangers can store nothing.
import { type Change, INSTALLATION, type Kind, type Recorded, remove } from '../ledger/record.ts'
import type { Reads } from './find.ts'

/** What asks for a session under a code. */
export interface Asking {
  readonly id: string
  /** What it calls itself. */
  readonly name: string
  /** Where it asked from. */
  readonly address: string
  /** When it began to ask, in milliseconds since 1970. */
  readonly at: number
}

export interface LogOnCodeBody {
  /** Who typed it, and in which session of the console. */
  readonly principalId: string
  readonly sessionId: string
  /** That session, sealed: its mark is a hash of a password or a secret, which nobody is to guess from a copy of the database. */
  readonly session: string
  /** Milliseconds since 1970. */
  readonly until: number
  /** null until the command line asks again. */
  readonly asks: Asking | null
  readonly decision: 'allowed' | 'denied' | null
}

export type LogOnCode = Recorded<LogOnCodeBody>

/** Id: the code, without its hyphen. */
export const LOG_ON_CODE: Kind<LogOnCodeBody> = { name: 'ram-log-on-code', counted: false }

/** The record of a code; null while nobody has typed it. */
export async function logOnCode(code: string, ledger: Reads['ledger']): Promise<LogOnCode | null> {
  return ledger.get(LOG_ON_CODE, INSTALLATION, code)
}

/** The changes that forget a code which the principal typed: none where it is another's by now. */
export async function forgetCode(
  code: string,
  principalId: string,
  ledger: Reads['ledger'],
): Promise<readonly Change[]> {
  const record = await logOnCode(code, ledger)
  return record?.body.principalId === principalId ? [remove(LOG_ON_CODE, record)] : []
}
