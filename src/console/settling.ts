// Decides a step of a log-on until it is committed. Like a call, it reads through a view, and is decided again when a record that it
// read has changed. Concurrent failures are therefore all counted, and a code or a ticket is accepted once.
import { Refusal, refuse } from '../api/errors.ts'
import type { House } from '../gateway/house.ts'
import { RETRY_MS } from '../gateway/identify.ts'
import type { Change } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { PersonCaller } from '../ram/logged-on.ts'
import type { EventRow } from '../storage/storage.ts'
import { type Failed, logOnEvent, type Where } from './log-on-event.ts'

/** A refused log-on with a known user or account. */
export interface RefusedLogOn extends Failed {
  readonly caller: PersonCaller
  /** What was typed as the name, or the AccessKeyId. */
  readonly account: string
  readonly mfa: boolean
  readonly changes: readonly Change[]
}

/** The result of a step. */
export type Decided<T> =
  | {
      readonly result: T
      readonly changes: readonly Change[]
      readonly event: EventRow | null
      readonly further?: readonly EventRow[]
    }
  | { readonly result: T }
  | { readonly refused: RefusedLogOn }
  /** A refusal without a known user, or not about the log-on itself: it leaves no event. */
  | { readonly refusal: Refusal }

/** Commits the decision of `decide`. Throws if it is a refusal. */
export async function settled<T>(
  decide: (view: LedgerView) => Promise<Decided<T>>,
  where: Where,
  house: House,
): Promise<T> {
  const { ledger } = house
  const first = ledger.view()
  try {
    return await settledFrom(first, decide, where, house)
  } finally {
    ledger.ended(first)
  }
}

async function settledFrom<T>(
  first: LedgerView,
  decide: (view: LedgerView) => Promise<Decided<T>>,
  where: Where,
  house: House,
): Promise<T> {
  const { ledger } = house
  let view = first
  for (const deadline = house.now() + RETRY_MS; house.now() <= deadline; view = ledger.view(view)) {
    let decided: Decided<T>
    try {
      decided = await decide(view)
    } catch (error) {
      if (error instanceof Refusal) decided = { refusal: error }
      else if (view.rootEpoch !== ledger.rootEpoch) continue
      else throw error
    }
    if ('refused' in decided) {
      const { refused } = decided
      if (await recordedRefusal(refused, where, house, view)) throw refused.refusal
    } else if ('changes' in decided) {
      const { changes, event, further, result } = decided
      const outcome = await ledger.commit({ changes, nonce: null, event, further, view })
      if (outcome === 'full') throw refuse('LimitExceeded.VirtualMFADevice')
      if (outcome === 'committed') return result
    } else if (await ledger.confirms(view)) {
      if ('refusal' in decided) throw decided.refusal
      return decided.result
    }
  }
  throw refuse('ServiceUnavailableTemporary')
}

/** Records a refused log-on, without its event if the account has too many refused calls. False if it must be decided again. */
async function recordedRefusal(
  { caller, account, mfa, changes, ...failed }: RefusedLogOn,
  where: Where,
  { ledger, rateLimiter, settings, observer }: House,
  view: LedgerView,
): Promise<boolean> {
  const { accountId, principalId } = caller
  const eventWith = (unrecorded: number) => logOnEvent('ConsoleSignin', where, caller, account, mfa, failed, unrecorded)
  const bytes = Buffer.byteLength(eventWith(0).body)
  const { refused } = rateLimiter
  const before = await refused.admit(accountId, principalId, bytes, settings.refusedBytesPerSecond, where.now)
  if (before === null) observer.unrecorded(accountId)
  const event = before === null ? null : eventWith(before)
  let outcome: Awaited<ReturnType<typeof ledger.commit>> | null = null
  try {
    outcome = await ledger.commit({ changes, nonce: null, event, view })
    return outcome !== 'moved'
  } finally {
    if (outcome !== 'committed' && before !== null) refused.untold(accountId, before)
  }
}
