// Random bytes for keys and nonces, from the system's generator. Small amounts come from a pool that is filled at once, which costs a
// fraction of a call for each.
import { randomFillSync, randomBytes as systemRandomBytes } from 'node:crypto'

const pool = Buffer.alloc(4096)
let used = pool.length

/** `length` fresh random bytes. Wipes them from the pool, so that no second copy of a key remains. */
export function randomBytes(length: number): Buffer {
  if (length > 256) return systemRandomBytes(length)
  if (used + length > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const bytes = Buffer.allocUnsafeSlow(length)
  pool.copy(bytes, 0, used, used + length)
  pool.fill(0, used, used + length)
  used += length
  return bytes
}
