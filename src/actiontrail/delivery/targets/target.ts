// The port to delivery targets: buckets of a cloud or of an S3-compatible server, or folders that serve as buckets.

/** Whether a bucket can be written. */
export type BucketState = 'writable' | 'missing' | 'denied' | 'unreachable'

export interface DeliveryTarget {
  /** Whether a bucket's name means the same bucket in all accounts. */
  readonly shared: boolean
  /** Checks whether the account's trails can write to the bucket. Never rejects. */
  check(account: string, bucket: string): Promise<BucketState>
  /**
   * Writes the object durably, and replaces an object of the same key. Rejects with TargetFault. After an abort, the object may or may not
   * be written.
   */
  put(account: string, bucket: string, key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>
}

/** Why a bucket could not be written. The account sees the message, so it holds neither credentials nor content. */
export class TargetFault extends Error {
  readonly state: Exclude<BucketState, 'writable'>
  /** `detail` is a code, such as ENOSPC or SlowDown; any other text is left out of the message. */
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
