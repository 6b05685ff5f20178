// The layout of a CiphertextBlob and its associated data (docs/reference/formats.md, "Ciphertext"). A ciphertext has one spelling, and opens only
// under its own binding. Each file in test/vectors/strongroom/ciphertext tests one of these properties.
//
//   offset  bytes  field
//   0       36     KeyVersionId, ASCII
//   36      m      nonce: 24 bytes (XAES-256-GCM) of AES keys in software, 12 (SM4-GCM, or AES-256-GCM in an HSM) of all others
//   36+m    n      ciphertext
//   36+m+n  16     tag
//
// The CMK's KeySpec and protection level, never the length of the blob, determine the length of the nonce.
import { digestOf, fromBase64 } from './encoding.ts'
import { NONCE_BYTES as SHORTEST_NONCE_BYTES, TAG_BYTES } from './gcm.ts'

const VERSION_ID_BYTES = 36
const VERSION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The parts of a blob that can be parsed without its key version. `message` is nonce, ciphertext and tag. */
export interface Ciphertext {
  readonly versionId: string
  readonly message: Uint8Array
}

/** An encrypted message. `sealed` is ciphertext and tag. */
export interface Message {
  readonly nonce: Uint8Array
  readonly sealed: Uint8Array
}

/** Returns the blob in Base64. `versionId` is a lower-case UUID, `nonce` has the length that the key version demands (nonceBytesOf). */
export function encodeCiphertext({ versionId, nonce, sealed }: Message & { readonly versionId: string }): string {
  return Buffer.concat([Buffer.from(versionId, 'latin1'), nonce, sealed]).toString('base64')
}

/** Parses a blob; null for any text that encodeCiphertext does not produce. */
export function decodeCiphertext(blob: string): Ciphertext | null {
  const bytes = fromBase64(blob)
  if (!bytes || bytes.length < VERSION_ID_BYTES + SHORTEST_NONCE_BYTES + TAG_BYTES) return null
  const versionId = bytes.toString('latin1', 0, VERSION_ID_BYTES)
  if (!VERSION_ID.test(versionId)) return null
  return { versionId, message: bytes.subarray(VERSION_ID_BYTES) }
}

/** Cuts a message after its nonce of `nonceBytes`; null when it is too short for nonce and tag. */
export function splitMessage(message: Uint8Array, nonceBytes: number): Message | null {
  if (message.length < nonceBytes + TAG_BYTES) return null
  return { nonce: message.subarray(0, nonceBytes), sealed: message.subarray(nonceBytes) }
}

/** The key version to which a ciphertext is bound by its associated data. */
interface Binding {
  readonly account: string
  readonly region: string
  readonly keyId: string
  readonly versionId: string
}

/**
 * Returns the associated data (32 bytes): SHA-256 over the binding and the encryption context, sorted by key in UTF-16 code units. Each part is
 * preceded by its length, so different contexts never have the same encoding.
 */
export function associatedData(binding: Binding, context: ReadonlyMap<string, string>): Buffer {
  const sorted = context.size === 0 ? [] : [...context].sort(([a], [b]) => (a < b ? -1 : 1)).flat()
  return digestOf([
    'strongroom/ciphertext/1',
    binding.account,
    binding.region,
    binding.keyId,
    binding.versionId,
    ...sorted,
  ])
}
