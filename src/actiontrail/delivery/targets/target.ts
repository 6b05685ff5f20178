// The port to where trails deliver: buckets, of a cloud, of a server of one's own, or folders standing in for them.

/** Whether objects can be written to a bucket. */
export type BucketState = 'writable' | 'missing' | 'denied' | 'unreachable'

export interface DeliveryTarget {
  /** Whether a bucket's name means the same bucket for all accounts. */
  readonly shared: boolean
  /** Tries whether the account's trails can write to the bucket; never rejects. */
  check(account: string, bucket: string): Promise<BucketState>
  /**
   * Writes the object durably, in the place of one of the same key.
   * Rejects with TargetFault; when the signal aborts it may go on, and what comes of it is not known.
   */
  put(account: string, bucket: string, key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>
}

/** Why a bucket could not be written. The message is shown to the account: no credentials and no content are in it. */
export class TargetFault extends Error {
  readonly state: Exclude<BucketState, 'writable'>
  /** `detail` is a code, such as ENOSPC or SlowDown; anything else in it is left out. */
  constructor(state: Exclude<BucketState, 'writable'>, detail = '') {
    const code = /^[A-Za-z][A-Za-z0-9_.]{0,63}$/.test(detail) ? ` (${detail})` : ''
    super(`${MESSAGES[state]}${code}.`)
    this.state = state
  }
}

const MESSAGES = {
  missing: 'The bucket does not exist',
  denied: 'Access to the bucket was denied',
  unreachable: 'The bucket could not be written',
} as const
