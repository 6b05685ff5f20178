// The encoding of the ring of root keys (docs/reference/formats.md, "Ring of root keys"). The bytes exist only in memory; the provider of the root
// key wraps them for storage. Each file in test/vectors/strongroom/ring tests one property of the encoding.
//
//   offset  bytes  field
//   0       1      format, 1
//   1       8      generation, big-endian
//   9       1      number of roots
//   10      32     fingerprint key
//   42      32 n   roots, the current one first
import { asBuffer } from '../runtime/bytes.ts'

const FORMAT = 1
const ROOTS_AT = 42
const KEY_BYTES = 32

/** The limit on roots in a ring. A further rotation has to wait until older roots are dropped. */
export const MAX_ROOTS = 8

export interface Ring {
  /** Grows with each change of the roots, so that an older ring is recognized. It is part of the wrapped bytes, so only the provider can set it. */
  readonly generation: number
  /** 32 bytes each. The first one seals and authenticates; the others only open and verify. */
  readonly roots: readonly Uint8Array[]
  /** 32 bytes for the fingerprints of imported material. It stays the same when roots change. */
  readonly fingerprintKey: Uint8Array
}

/** Returns the ring's bytes, which the caller wipes. Throws RangeError for a wrong number of roots. */
export function encodeRing({ generation, roots, fingerprintKey }: Ring): Buffer {
  if (roots.length < 1 || roots.length > MAX_ROOTS) throw new RangeError(`a ring has 1 to ${MAX_ROOTS} roots`)
  const bytes = Buffer.alloc(ROOTS_AT + roots.length * KEY_BYTES)
  bytes.writeUInt8(FORMAT)
  bytes.writeBigUInt64BE(BigInt(generation), 1)
  bytes.writeUInt8(roots.length, 9)
  bytes.set(fingerprintKey, 10)
  for (const [i, root] of roots.entries()) bytes.set(root, ROOTS_AT + i * KEY_BYTES)
  return bytes
}

/** Decodes a ring, as views of the bytes; null for bytes that are not a valid encoding. */
export function decodeRing(bytes: Uint8Array): Ring | null {
  const view = asBuffer(bytes)
  const count = view[9] ?? 0
  const fits = count >= 1 && count <= MAX_ROOTS && view.length === ROOTS_AT + count * KEY_BYTES
  if (view[0] !== FORMAT || !fits) return null
  return {
    generation: Number(view.readBigUInt64BE(1)),
    fingerprintKey: view.subarray(10, ROOTS_AT),
    roots: Array.from({ length: count }, (_, i) =>
      view.subarray(ROOTS_AT + i * KEY_BYTES, ROOTS_AT + (i + 1) * KEY_BYTES),
    ),
  }
}

/** Overwrites the keys of a ring. */
export function wipeRing({ roots, fingerprintKey }: Ring): void {
  for (const bytes of [...roots, fingerprintKey]) bytes.fill(0)
}
