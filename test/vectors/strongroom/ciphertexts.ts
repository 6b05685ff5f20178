// Ciphertexts.
import { digest, gcm, xaes } from './primitives.ts'
import {
  ACCOUNT,
  base64,
  flipped,
  hex,
  KEY,
  KEY_ID,
  LONG_NONCE,
  REGION,
  SHORT_NONCE,
  VERSION_ID,
  vector,
} from './vector.ts'

const binding = { account: ACCOUNT, region: REGION, keyId: KEY_ID, versionId: VERSION_ID }
interface Encrypted {
  level?: 'SOFTWARE' | 'HSM'
  plaintext?: string
  context?: readonly (readonly [string, string])[]
  place?: typeof binding
}
function encrypted({
  level = 'SOFTWARE',
  plaintext = 'attack at dawn',
  context = [],
  place = binding,
}: Encrypted = {}): Buffer {
  const aad = digest(
    'strongroom/ciphertext/1',
    place.account,
    place.region,
    place.keyId,
    place.versionId,
    ...context.flat(),
  )
  const [nonce, cipher] = level === 'HSM' ? [SHORT_NONCE, gcm] : [LONG_NONCE, xaes]
  return Buffer.concat([Buffer.from(place.versionId), nonce, cipher(KEY, nonce, Buffer.from(plaintext), aad)])
}
/** How it is decrypted: `expect` is `plaintext`, or where it fails: `no ciphertext`, `too short`, `does not open`. */
function ciphertext(claim: string, blob: Uint8Array | string, more: object = {}): void {
  const text = typeof blob === 'string' ? blob : base64(blob)
  vector('ciphertext', claim, {
    key: hex(KEY),
    level: 'SOFTWARE',
    binding,
    context: {},
    nonce: hex(LONG_NONCE),
    blob: text,
    expect: 'does not open',
    ...more,
  })
}
const opens = (plaintext = 'attack at dawn') => ({ expect: 'plaintext', plaintext: base64(Buffer.from(plaintext)) })
ciphertext('software_nonce_of_24_bytes', encrypted(), opens())
ciphertext('hsm_nonce_of_12_bytes', encrypted({ level: 'HSM' }), { level: 'HSM', nonce: hex(SHORT_NONCE), ...opens() })
ciphertext('hsm_blob_does_not_open_as_software', encrypted({ level: 'HSM' }))
ciphertext('empty_plaintext', encrypted({ plaintext: '' }), opens(''))
ciphertext('context_with_one_pair', encrypted({ context: [['a', '1']] }), { context: { a: '1' }, ...opens() })
ciphertext(
  'context_sorted_by_utf16_code_unit',
  encrypted({
    context: [
      ['a', '1'],
      ['\u{1F511}', '2'],
      ['\uFF5E', '3'],
    ],
  }),
  { context: { '\uFF5E': '3', '\u{1F511}': '2', a: '1' }, ...opens() },
)
ciphertext(
  'context_sorted_by_code_point_does_not_open',
  encrypted({
    context: [
      ['\uFF5E', '3'],
      ['\u{1F511}', '2'],
    ],
  }),
  { context: { '\uFF5E': '3', '\u{1F511}': '2' } },
)
ciphertext('context_pairs_do_not_run_together', encrypted({ context: [['ab', 'c']] }), { context: { a: 'bc' } })
ciphertext('context_missing', encrypted({ context: [['a', '1']] }))
ciphertext('context_not_asked_for', encrypted(), { context: { a: '1' } })
ciphertext('of_another_account', encrypted(), { binding: { ...binding, account: '6543210987654321' } })
ciphertext('of_another_region', encrypted(), { binding: { ...binding, region: 'cn-beijing' } })
ciphertext('of_another_key', encrypted(), { binding: { ...binding, keyId: VERSION_ID } })
ciphertext('nonce_altered', flipped(encrypted(), 36))
ciphertext('ciphertext_altered', flipped(encrypted(), 60))
ciphertext('tag_altered', flipped(encrypted(), -1))
ciphertext('last_byte_missing', encrypted().subarray(0, -1))
ciphertext('shorter_than_a_software_nonce_and_tag', encrypted({ plaintext: '' }).subarray(0, -1), {
  expect: 'too short',
})
ciphertext('shorter_than_an_hsm_nonce_and_tag', encrypted({ level: 'HSM', plaintext: '' }).subarray(0, -1), {
  level: 'HSM',
  expect: 'no ciphertext',
})
ciphertext(
  'version_id_in_upper_case',
  Buffer.concat([Buffer.from(VERSION_ID.toUpperCase()), encrypted().subarray(36)]),
  { expect: 'no ciphertext' },
)
ciphertext(
  'version_id_without_dashes',
  Buffer.concat([Buffer.from(VERSION_ID.replaceAll('-', '0')), encrypted().subarray(36)]),
  { expect: 'no ciphertext' },
)
const padded = base64(encrypted({ plaintext: 'padded' }))
ciphertext('base64_without_padding', padded.replace(/=+$/, ''), { expect: 'no ciphertext' })
ciphertext('base64_in_the_url_alphabet', padded.replaceAll('+', '-').replaceAll('/', '_'), { expect: 'no ciphertext' })
ciphertext('base64_with_a_line_break', `${padded.slice(0, 76)}\n${padded.slice(76)}`, { expect: 'no ciphertext' })
ciphertext(
  'base64_with_unused_bits_set',
  padded.replace(/.(=+)$/, (_, end) => `/${end}`),
  { expect: 'no ciphertext' },
)
ciphertext('empty', '', { expect: 'no ciphertext' })
