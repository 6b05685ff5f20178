// Background work that failed is put off, so that it does not block other work.
import type { Committed } from '../ledger/call.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Recorded, update } from '../ledger/record.ts'

/** The pause before failed work is tried again. */
export const AGAIN_MS = 60_000

interface Rooms {
  readonly ledger: Pick<Ledger, 'commit'>
  now(): number
}

/** Makes the record due again after the pause, unless it changes before. */
export function putOff(
  record: Recorded<unknown>,
  { ledger, now }: Rooms,
  pauseMs: number = AGAIN_MS,
): Promise<Committed> {
  const later = update(record, { body: record.body, dueAt: now() + pauseMs })
  return ledger.commit({ changes: [later], nonce: null, event: null })
}
