// What formats are made of, written from their specifications alone: nothing here comes from `src`, so that a mistake there shows.
import { createCipheriv, createHash, createHmac, hkdfSync } from 'node:crypto'

/** Each text after its length in four bytes (docs/reference/formats.md, "Length-prefixed text"). */
export function digest(...texts: readonly string[]): Buffer {
  const parts = texts.flatMap((text) => {
    const bytes = Buffer.from(text, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return [length, bytes]
  })
  return createHash('sha256').update(Buffer.concat(parts)).digest()
}

export function hkdf(key: Uint8Array, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', info, 32))
}

export function hmac(
  algorithm: 'sha256' | 'sha512',
  key: Uint8Array,
  ...texts: readonly (string | Uint8Array)[]
): Buffer {
  const mac = createHmac(algorithm, key)
  for (const text of texts) mac.update(text)
  return mac.digest()
}

/** Ciphertext and tag of AES-256-GCM (NIST SP 800-38D), with a nonce of 12 bytes. */
export function gcm(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** Ciphertext and tag of XAES-256-GCM (C2SP), with a nonce of 24 bytes: the key of the message is made of the first half of it. */
export function xaes(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Buffer {
  const block = (input: Uint8Array) => {
    const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    return Buffer.concat([cipher.update(input), cipher.final()])
  }
  const zero = BigInt(`0x${block(Buffer.alloc(16)).toString('hex')}`)
  const doubled = ((zero << 1n) & ((1n << 128n) - 1n)) ^ (zero >> 127n ? 0x87n : 0n)
  const k1 = Buffer.from(doubled.toString(16).padStart(32, '0'), 'hex')
  const half = (counter: number) =>
    block(Buffer.concat([Buffer.of(0, counter, 0x58, 0), nonce.subarray(0, 12)]).map((byte, i) => byte ^ (k1[i] ?? 0)))
  return gcm(Buffer.concat([half(1), half(2)]), nonce.subarray(12), plaintext, aad)
}

/** Format 1, nonce, ciphertext and tag, under the key that follows from the root key (docs/reference/formats.md, "Sealed value"). */
export function sealed(root: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, place: readonly string[]): Buffer {
  return Buffer.concat([Buffer.of(1), nonce, xaes(hkdf(root, 'strongroom/seal/1'), nonce, plaintext, digest(...place))])
}
