// Unwrapping in the device: which algorithms it can do, and what wrapped material is.
import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { WRAPPING_ALGORITHMS, type WrappingAlgorithm } from '../../cryptography/wrap.ts'
import type { Cryptoki, SessionHolder, WrappingUse } from './cryptoki.ts'
import { faultOf } from './faults.ts'
import { faultOfPadding } from './padding.ts'
import type { Abilities } from './protocol.ts'
import { PUBLIC_EXPONENT } from './templates.ts'

const KEY_BYTES = 32

/** What each algorithm needs of a device, as PKCS #11 names it. */
const MECHANISMS: Readonly<Record<WrappingAlgorithm, string>> = {
  RSAES_OAEP_SHA_1: 'CKM_RSA_PKCS_OAEP with SHA-1',
  RSAES_OAEP_SHA_256: 'CKM_RSA_PKCS_OAEP with SHA-256',
  RSAES_PKCS1_V1_5: 'CKM_RSA_PKCS',
}

const PADDING: Readonly<Record<WrappingAlgorithm, { padding: number; oaepHash?: string }>> = {
  RSAES_OAEP_SHA_1: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
  RSAES_OAEP_SHA_256: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
  RSAES_PKCS1_V1_5: { padding: constants.RSA_PKCS1_PADDING },
}

/**
 * Returns the check value (16 bytes) of wrapped material, and keeps nothing of it; null when it is not an AES key of 256 bits. A general
 * error of the library counts as "not a key" only if the library unwraps other keys with the same wrapping key.
 */
export async function examined(
  cryptoki: Cryptoki,
  at: SessionHolder,
  wrapping: WrappingUse,
  wrapped: Uint8Array,
): Promise<Buffer | null> {
  for (let isSecond = false; ; isSecond = true)
    try {
      return await unwrapped(cryptoki, at, wrapping, wrapped)
    } catch (error) {
      const fault = faultOf(error)
      if (fault === 'device' || fault === 'full' || fault === null) throw error
      // Libraries return various errors for bytes that are not a wrapped key. If this one still unwraps a key, the bytes were at fault.
      const { key, algorithm } = wrapping
      const publicKey = publicKeyOf(cryptoki.modulusOf(at, key))
      const good = publicEncrypt({ key: publicKey, ...PADDING[algorithm] }, randomBytes(KEY_BYTES))
      if ((await unwrapped(cryptoki, at, wrapping, good)) === null) throw error
      if (fault !== 'ambiguous' || isSecond) return null
    }
}

async function unwrapped(
  cryptoki: Cryptoki,
  at: SessionHolder,
  wrapping: WrappingUse,
  wrapped: Uint8Array,
): Promise<Buffer | null> {
  const key = await cryptoki.unwrap(at, wrapping, wrapped, null)
  try {
    // First, because it fails for anything but an AES key: some libraries crash when they wrap anything else.
    const checkValue = cryptoki.checkValue(at, key)
    const length = cryptoki.lengthOf(at, key)
    const fits = length === 0 ? await cryptoki.isLongEnough(at, wrapping, wrapped) : length === KEY_BYTES
    return fits ? checkValue : null
  } finally {
    cryptoki.destroy(at, key)
  }
}

function publicKeyOf(modulus: Buffer) {
  const jwk = { kty: 'RSA', n: modulus.toString('base64url'), e: PUBLIC_EXPONENT.toString('base64url') }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

/**
 * Returns what keeps a token from unwrapping with each algorithm. Lists of mechanisms say neither which hashes OAEP may have nor what
 * happens to wrong padding, so this tries it out with a pair of this session. Throws the library's error when no algorithm works and the
 * library does not say why.
 */
export async function unwrapsWith(cryptoki: Cryptoki, at: SessionHolder): Promise<Abilities<WrappingAlgorithm>> {
  const pair = await cryptoki.generateWrappingPair(at, false, '00', 'strongroom-probe')
  const publicKey = publicKeyOf(pair.modulus)
  let unclear: unknown = null
  const once = async (algorithm: WrappingAlgorithm, bytes: number) => {
    const wrapped = publicEncrypt({ key: publicKey, ...PADDING[algorithm] }, randomBytes(bytes))
    try {
      return (await unwrapped(cryptoki, at, { key: pair.privateKey, algorithm }, wrapped)) === null ? 'no' : 'yes'
    } catch (error) {
      const fault = faultOf(error)
      if (fault === 'data' || fault === 'unsupported') return 'no'
      if (fault !== 'ambiguous') throw error
      unclear = error
      return 'unclear'
    }
  }
  const accepts = async (algorithm: WrappingAlgorithm, bytes: number) => {
    const first = await once(algorithm, bytes)
    // A general error may pass.
    return (first === 'unclear' ? await once(algorithm, bytes) : first) === 'yes'
  }
  const lackOf = async (algorithm: WrappingAlgorithm): Promise<string | null> => {
    if (!(await accepts(algorithm, KEY_BYTES))) return `lacks ${MECHANISMS[algorithm]}`
    // A device that can't distinguish a shorter AES key from one of 256 bits is no place for imported material.
    if ((await accepts(algorithm, 16)) || (await accepts(algorithm, 24))) return 'does not tell how long an AES key is'
    return algorithm === 'RSAES_PKCS1_V1_5' ? faultOfPadding(cryptoki, at, pair.privateKey, publicKey) : null
  }
  const lacks: [WrappingAlgorithm, string | null][] = []
  for (const algorithm of WRAPPING_ALGORITHMS) lacks.push([algorithm, await lackOf(algorithm)])
  if (unclear !== null && lacks.every(([, lack]) => lack !== null)) throw unclear
  cryptoki.destroy(at, pair.privateKey)
  return Object.fromEntries(lacks) as Record<WrappingAlgorithm, string | null>
}
