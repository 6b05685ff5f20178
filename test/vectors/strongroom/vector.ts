// What all vectors are made with, and how one is written.
import { mkdirSync, writeFileSync } from 'node:fs'

export const ROOT = Buffer.alloc(32, 1)
export const OLDER_ROOT = Buffer.alloc(32, 2)
export const KEY = Buffer.alloc(32, 3)
export const LONG_NONCE = Buffer.from(Array.from({ length: 24 }, (_, i) => i))
export const SHORT_NONCE = LONG_NONCE.subarray(0, 12)
export const ACCOUNT = '1234567890123456'
export const REGION = 'cn-hangzhou'
export const KEY_ID = '0190f5f2-6f2b-7c52-9d5b-1b3f2a6e9c01'
export const VERSION_ID = '0190f5f2-6f2b-7c52-9d5b-1b3f2a6e9c02'
export const SECRET = Buffer.from('a secret')
export const EXPIRES_AT = 1_795_599_000_000
export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
export const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

/** The bytes with one bit of the byte at `index` (from the end when negative) turned over. */
export function flipped(bytes: Uint8Array, index: number): Buffer {
  const copy = Buffer.from(bytes)
  const at = index < 0 ? copy.length + index : index
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

export function vector(format: string, claim: string, content: object): void {
  const folder = new URL(`${format}/`, import.meta.url)
  mkdirSync(folder, { recursive: true })
  try {
    writeFileSync(new URL(`${claim}.json`, folder), `${JSON.stringify(content, null, 2)}\n`, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
