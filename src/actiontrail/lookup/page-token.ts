// The NextToken of LookupEvents: a lookup and the position after which its next page begins, sealed under the root key.
import { fromBase64 } from '../../cryptography/encoding.ts'
import type { RootKeys } from '../../keystore/root-keys.ts'
import type { Condition } from './attributes.ts'
import type { Lookup, Position } from './lookup.ts'

const MAX_TOKEN_LENGTH = 16_384

/** The lookup that a token continues, and when the token was issued, in milliseconds since 1970. */
export interface PageToken {
  readonly lookup: Omit<Lookup, 'limit'>
  readonly issuedAt: number
}

type Facts = readonly [
  format: 1,
  region: string,
  conditions: readonly Condition[],
  from: number,
  to: number,
  order: Lookup['order'],
  second: number,
  seq: number,
  issuedAt: number,
]

export class PageTokens {
  readonly #keys: RootKeys

  constructor(keys: RootKeys) {
    this.#keys = keys
  }

  /** Issues the token (Base64) for the page after `next`; `nonce` is 24 fresh random bytes. */
  issue(lookup: Omit<Lookup, 'limit' | 'after'>, next: Position, issuedAt: number, nonce: Uint8Array): string {
    const { account, region, conditions, from, to, order } = lookup
    const facts: Facts = [1, region, conditions, from, to, order, next.second, next.seq, issuedAt]
    return this.#keys.seal(place(account), nonce, Buffer.from(JSON.stringify(facts), 'utf8')).toString('base64')
  }

  /** Opens a token. Returns null when it was altered, or issued to another account or by another installation. */
  open(account: string, token: string): PageToken | null {
    const sealed = token.length > MAX_TOKEN_LENGTH ? null : fromBase64(token)
    const bytes = sealed && this.#keys.open(place(account), sealed)
    if (!bytes) return null
    const [, region, conditions, from, to, order, second, seq, issuedAt] = JSON.parse(bytes.toString('utf8')) as Facts
    return { lookup: { account, region, conditions, from, to, order, after: { second, seq } }, issuedAt }
  }
}

function place(account: string): readonly string[] {
  return ['page-token', account]
}
