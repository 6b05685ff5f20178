// The ports to rate limits: this process limits calls itself, or asks the server's process that limits them for all workers.
import type { Rates } from '../settings/rates.ts'
import type { Admission, AnonymousRate } from './rate-limit.ts'

export interface RateLimits {
  /** The limits on what refused calls write, whatever their rate. */
  readonly refused: RefusedLimits
  /** See RateLimiter.admit. */
  admit(
    rates: Rates,
    whose: { readonly account: string; readonly region: string },
    operation: { readonly product: { readonly name: string }; readonly name: string },
    now: number,
  ): Admission | Promise<Admission>
  /** See RateLimiter.admitAnonymous. */
  admitAnonymous(rate: AnonymousRate, whose: string, perSecond: number, now: number): boolean | Promise<boolean>
}

/** See RefusedEvents. */
interface RefusedLimits {
  admit(
    account: string,
    caller: string,
    bytes: number,
    perSecond: number,
    now: number,
  ): number | null | Promise<number | null>
  admitCopy(
    payer: string,
    owner: string,
    bytes: number,
    perSecond: number,
    now: number,
  ): number | null | Promise<number | null>
  untold(account: string, unrecorded: number): void
  untoldCopy(payer: string, owner: string, unrecorded: number): void
  skip(account: string, perSecond: number, now: number): void
}
