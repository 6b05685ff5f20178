// Sealed values.
import { sealed } from './primitives.ts'
import {
  ACCOUNT,
  base64,
  EXPIRES_AT,
  flipped,
  hex,
  KEY_ID,
  LONG_NONCE,
  OLDER_ROOT,
  REGION,
  ROOT,
  SECRET,
  VERSION_ID,
  vector,
} from './vector.ts'

const PLACES: Readonly<Record<string, readonly string[]>> = {
  key_material: ['key-version', ACCOUNT, REGION, KEY_ID, VERSION_ID],
  access_key_secret: ['access-key-secret', 'LTAI5tExampleKeyId000001'],
  wrapping_key: ['wrapping-key', ACCOUNT, REGION, KEY_ID, 'RSAES_OAEP_SHA_256', String(EXPIRES_AT)],
  security_token: ['security-token'],
  page_token: ['page-token', ACCOUNT],
  signing_key_of_the_trail: ['trail-signing-key'],
}
const place = ['access-key-secret', 'LTAI5tExampleKeyId000001']
/** `roots`: the ring that opens it, the current root first. `expect` is `plaintext` or `does not open`. */
function sealedValue(claim: string, value: Uint8Array, more: object = {}): void {
  vector('sealed-value', claim, {
    roots: [hex(ROOT)],
    place,
    nonce: hex(LONG_NONCE),
    sealed: base64(value),
    expect: 'does not open',
    ...more,
  })
}
const unsealed = { expect: 'plaintext', plaintext: base64(SECRET) }
for (const [what, where] of Object.entries(PLACES))
  sealedValue(`at_the_place_of_${what}`, sealed(ROOT, LONG_NONCE, SECRET, where), { place: where, ...unsealed })
const value = sealed(ROOT, LONG_NONCE, SECRET, place)
sealedValue('empty_plaintext', sealed(ROOT, LONG_NONCE, Buffer.alloc(0), place), { expect: 'plaintext', plaintext: '' })
sealedValue('under_an_older_root_of_the_ring', sealed(OLDER_ROOT, LONG_NONCE, SECRET, place), {
  roots: [hex(ROOT), hex(OLDER_ROOT)],
  older: true,
  ...unsealed,
})
sealedValue('under_a_root_that_was_dropped', sealed(OLDER_ROOT, LONG_NONCE, SECRET, place))
sealedValue('at_another_place', value, { place: ['access-key-secret', 'LTAI5tExampleKeyId000002'] })
sealedValue('place_parts_do_not_run_together', value, { place: ['access-key-secretLTAI5tExampleKeyId000001'] })
sealedValue('of_format_0', Buffer.concat([Buffer.of(0), value.subarray(1)]))
sealedValue('of_format_2', Buffer.concat([Buffer.of(2), value.subarray(1)]))
sealedValue('nonce_altered', flipped(value, 1))
sealedValue('tag_altered', flipped(value, -1))
sealedValue('last_byte_missing', value.subarray(0, -1))
sealedValue('nonce_alone', value.subarray(0, 25))
sealedValue('empty', Buffer.alloc(0))
