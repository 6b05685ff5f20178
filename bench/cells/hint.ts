// A proposal (docs/decisions/0033-cells.md): AccessKeyIds that reveal the shard of their account to routers alone. The id is LTAI, 12
// random letters and digits, and 8 characters with the shard and a check value. A mask derived from the routing key and the random
// characters hides the shard.
import { createHmac } from 'node:crypto'
import { randomCharacters } from '../../src/ram/identifiers.ts'

/** The number of shards. The id of an account determines its shard; a table in the routers maps shards to cells. */
export const SHARDS = 16_384

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const PREFIX = 'LTAI'
const RANDOM_CHARACTERS = 12
const SHARD_CHARACTERS = 3
const CHECK_CHARACTERS = 5
const FORM = /^LTAI[A-Za-z0-9]{20}$/
const SHARD_SPACE = 62 ** SHARD_CHARACTERS

/** Returns an AccessKeyId for an account of this shard (0 to SHARDS - 1). `key` is the routing key, 32 bytes. */
export function hintedAccessKeyId(
  shard: number,
  key: Uint8Array,
  random: { randomBytes(length: number): Uint8Array },
): string {
  const nonce = randomCharacters(RANDOM_CHARACTERS, ALPHABET, random)
  const masked = (shard + maskOf(nonce, key)) % SHARD_SPACE
  return `${PREFIX}${nonce}${inDigits(masked, SHARD_CHARACTERS)}${checkOf(nonce, shard, key)}`
}

/** The shard in an AccessKeyId; null for an id that was not made with this key, except for one in 62^5. */
export function shardIn(accessKeyId: string, key: Uint8Array): number | null {
  if (!FORM.test(accessKeyId)) return null
  const nonce = accessKeyId.slice(PREFIX.length, PREFIX.length + RANDOM_CHARACTERS)
  const masked = fromDigits(accessKeyId.slice(PREFIX.length + RANDOM_CHARACTERS, -CHECK_CHARACTERS))
  const shard = (masked - maskOf(nonce, key) + SHARD_SPACE) % SHARD_SPACE
  if (shard >= SHARDS) return null
  return checkOf(nonce, shard, key) === accessKeyId.slice(-CHECK_CHARACTERS) ? shard : null
}

function maskOf(nonce: string, key: Uint8Array): number {
  return Number(derived(`shard ${nonce}`, key) % BigInt(SHARD_SPACE))
}

function checkOf(nonce: string, shard: number, key: Uint8Array): string {
  const check = derived(`check ${nonce} ${shard}`, key) % BigInt(62 ** CHECK_CHARACTERS)
  return inDigits(Number(check), CHECK_CHARACTERS)
}

/** 128 bits of HMAC-SHA-256: many more than needed, so that no character is more likely than another. */
function derived(text: string, key: Uint8Array): bigint {
  return BigInt(`0x${createHmac('sha256', key).update(text).digest('hex').slice(0, 32)}`)
}

function inDigits(value: number, length: number): string {
  return Array.from({ length }, (_, i) => ALPHABET[Math.floor(value / 62 ** i) % 62]).join('')
}

function fromDigits(text: string): number {
  return [...text].reduce((sum, digit, i) => sum + ALPHABET.indexOf(digit) * 62 ** i, 0)
}
