// The ring of root keys.
import { digest, hkdf, hmac, xaes } from './primitives.ts'
import { ACCOUNT, base64, flipped, hex, KEY, KEY_ID, LONG_NONCE, OLDER_ROOT, REGION, ROOT, vector } from './vector.ts'

function ringBytes(generation: bigint, roots: readonly Uint8Array[], format = 1): Buffer {
  const head = Buffer.alloc(10)
  head.writeUInt8(format)
  head.writeBigUInt64BE(generation, 1)
  head.writeUInt8(roots.length, 9)
  return Buffer.concat([head, Buffer.alloc(32, 9), ...roots])
}
/** `expect` is `ring` or `no ring`. */
function ring(claim: string, bytes: Uint8Array, more: object = {}): void {
  vector('ring', claim, { ring: hex(bytes), expect: 'no ring', ...more })
}
const isRing = (generation: number, ...roots: readonly Uint8Array[]) => ({
  expect: 'ring',
  generation,
  roots: roots.map(hex),
  fingerprintKey: hex(Buffer.alloc(32, 9)),
})
const eight = Array.from({ length: 8 }, (_, i) => Buffer.alloc(32, i + 1))
ring('of_one_root', ringBytes(1n, [ROOT]), isRing(1, ROOT))
ring('current_root_first', ringBytes(7n, [ROOT, OLDER_ROOT]), isRing(7, ROOT, OLDER_ROOT))
ring('of_eight_roots', ringBytes(9n, eight), isRing(9, ...eight))
ring('generation_beyond_32_bits', ringBytes(2n ** 40n, [ROOT]), isRing(2 ** 40, ROOT))
ring('of_no_root', ringBytes(1n, []))
ring('of_nine_roots', ringBytes(1n, [...eight, KEY]))
ring('of_format_2', ringBytes(1n, [ROOT], 2))
ring('cut_within_a_root', ringBytes(1n, [ROOT]).subarray(0, -1))
ring('followed_by_a_byte', Buffer.concat([ringBytes(1n, [ROOT]), Buffer.of(0)]))
const WRAPPED = Buffer.from('strongroom/wrapped-ring/1')
const wrapped = Buffer.concat([
  LONG_NONCE,
  xaes(hkdf(KEY, 'strongroom/ring-wrapping/1'), LONG_NONCE, ringBytes(1n, [ROOT]), WRAPPED),
])
/** Wrapped by a key file's or a passphrase's 32 bytes. `expect` is `ring` or `does not unwrap`. */
function wrappedRing(claim: string, bytes: Uint8Array, more: object): void {
  vector('wrapped-ring', claim, { provider: hex(KEY), wrapped: base64(bytes), ...more })
}
wrappedRing('by_a_key_in_memory', wrapped, { expect: 'ring', ring: hex(ringBytes(1n, [ROOT])) })
wrappedRing('by_another_key', wrapped, { provider: hex(ROOT), expect: 'does not unwrap' })
wrappedRing('altered', flipped(wrapped, -1), { expect: 'does not unwrap' })
wrappedRing(
  'without_associated_data',
  Buffer.concat([
    LONG_NONCE,
    xaes(hkdf(KEY, 'strongroom/ring-wrapping/1'), LONG_NONCE, ringBytes(1n, [ROOT]), Buffer.alloc(0)),
  ]),
  { expect: 'does not unwrap' },
)

// The fingerprint by which an external key recognizes its material.
const fingerprintOf = (key: Uint8Array) => hmac('sha256', key, digest(ACCOUNT, REGION, KEY_ID), KEY).toString('hex')
const fingerprinted = { place: [ACCOUNT, REGION, KEY_ID], material: hex(KEY) }
vector('fingerprint', 'under_the_key_of_the_ring', {
  ...fingerprinted,
  ring: hex(ringBytes(1n, [ROOT])),
  fingerprint: fingerprintOf(Buffer.alloc(32, 9)),
})
vector('fingerprint', 'in_a_database_without_a_ring', {
  ...fingerprinted,
  soleRoot: hex(ROOT),
  fingerprint: fingerprintOf(hkdf(ROOT, 'strongroom/material-fingerprint/1')),
})
