// Wrapping of key material in the browser: WebCrypto alone touches the bytes.

export type Algorithm = 'RSAES_OAEP_SHA_256' | 'RSAES_OAEP_SHA_1' | 'RSAES_PKCS1_V1_5'

/** The hash of RSA-OAEP as WebCrypto names it, for the algorithms that WebCrypto has. */
export const WEB_CRYPTO_HASHES: Readonly<Record<string, string>> = {
  RSAES_OAEP_SHA_256: 'SHA-256',
  RSAES_OAEP_SHA_1: 'SHA-1',
}

const BYTES = 32

export interface Material {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly written: 'raw' | 'hex' | 'base64'
}

/** The 32 bytes of a file: raw, in hex or in Base64; null for anything else. */
export function materialOf(file: ArrayBuffer): Material | null {
  const bytes = new Uint8Array(file)
  if (bytes.length === BYTES) return { bytes, written: 'raw' }
  if (bytes.length > 128) return null
  const text = new TextDecoder().decode(bytes).trim()
  if (/^[0-9a-f]{64}$/i.test(text))
    return { bytes: Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)), written: 'hex' }
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) return { bytes: fromBase64(text), written: 'base64' }
  return null
}

/** Returns the material wrapped for the public key (Base64 of its SubjectPublicKeyInfo), in Base64. */
export async function wrap(material: Uint8Array<ArrayBuffer>, publicKey: string, hash: string): Promise<string> {
  const algorithm = { name: 'RSA-OAEP', hash }
  const key = await crypto.subtle.importKey('spki', fromBase64(publicKey), algorithm, false, ['encrypt'])
  return toBase64(new Uint8Array(await crypto.subtle.encrypt(algorithm, key, material)))
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}

const OPTIONS: Readonly<Record<Algorithm, string>> = {
  RSAES_OAEP_SHA_256: '-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256',
  RSAES_OAEP_SHA_1: '-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1',
  RSAES_PKCS1_V1_5: '-pkeyopt rsa_padding_mode:pkcs1',
}

/** The lines of OpenSSL 3 that wrap `material.bin`. */
export function opensslLines(algorithm: Algorithm, publicKeyFile: string): readonly string[] {
  return [
    `openssl enc -d -base64 -A -in ${publicKeyFile} -out public-key.der`,
    `openssl pkeyutl -encrypt -pubin -keyform DER -inkey public-key.der -in material.bin -out wrapped.bin ${OPTIONS[algorithm]}`,
    'openssl enc -e -base64 -A -in wrapped.bin -out EncryptedKeyMaterial_base64.txt',
  ]
}
