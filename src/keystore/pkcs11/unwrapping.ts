// Unwrapping in the device: which algorithms it can do, and what wrapped material is.
import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { setImmediate as otherWork } from 'node:timers/promises'
import { WRAPPING_ALGORITHMS, type WrappingAlgorithm } from '../../cryptography/wrap.ts'
import type { Cryptoki, Handle, SessionHolder } from './cryptoki.ts'
import { faultOf } from './faults.ts'

const KEY_BYTES = 32

/** What each algorithm needs of a device, as PKCS #11 names it. */
export const MECHANISMS: Readonly<Record<WrappingAlgorithm, string>> = {
  RSAES_OAEP_SHA_1: 'CKM_RSA_PKCS_OAEP with SHA-1',
  RSAES_OAEP_SHA_256: 'CKM_RSA_PKCS_OAEP with SHA-256',
  RSAES_PKCS1_V1_5: 'CKM_RSA_PKCS',
}

const PADDING: Readonly<Record<WrappingAlgorithm, { padding: number; oaepHash?: string }>> = {
  RSAES_OAEP_SHA_1: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
  RSAES_OAEP_SHA_256: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
  RSAES_PKCS1_V1_5: { padding: constants.RSA_PKCS1_PADDING },
}

/** The check value (16 bytes) of wrapped material, which is then forgotten; null when it is not an AES key of 256 bits. */
export function examined(
  cryptoki: Cryptoki,
  at: SessionHolder,
  wrapping: { key: Handle; algorithm: WrappingAlgorithm },
  wrapped: Uint8Array,
): Buffer | null {
  for (let isSecond = false; ; isSecond = true)
    try {
      return unwrapped(cryptoki, at, wrapping, wrapped)
    } catch (error) {
      const fault = faultOf(error)
      if (fault === 'device' || fault === null) throw error
      // The library may say many things of bytes that are no wrapped key. If it still serves, it was the bytes.
      cryptoki.random(at, 8)
      cryptoki.describe(at, wrapping.key)
      if (fault !== 'ambiguous' || isSecond) return null
    }
}

function unwrapped(
  cryptoki: Cryptoki,
  at: SessionHolder,
  wrapping: { key: Handle; algorithm: WrappingAlgorithm },
  wrapped: Uint8Array,
): Buffer | null {
  const key = cryptoki.unwrap(at, wrapping, wrapped, null)
  try {
    // First, since it fails for what is no AES key at all: some libraries crash when they wrap such a thing.
    const checkValue = cryptoki.checkValue(at, key)
    const length = cryptoki.lengthOf(at, key)
    const fits = length === 0 ? cryptoki.isLongEnough(at, wrapping, wrapped) : length === KEY_BYTES
    return fits ? checkValue : null
  } finally {
    cryptoki.destroy(at, key)
  }
}

/** The algorithms that a token unwraps with. Lists of mechanisms do not tell which hashes go with OAEP: it is tried, on random bytes. */
export async function unwrapsWith(cryptoki: Cryptoki, at: SessionHolder): Promise<ReadonlySet<WrappingAlgorithm>> {
  const pair = await cryptoki.generateWrappingPair(at, false, '00', 'strongroom-probe')
  const jwk = { kty: 'RSA', n: pair.modulus.toString('base64url'), e: pair.exponent.toString('base64url') }
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
  const accepts = async (algorithm: WrappingAlgorithm, bytes: number) => {
    const wrapped = publicEncrypt({ key: publicKey, ...PADDING[algorithm] }, randomBytes(bytes))
    // A slow device takes its time for all of it: other work has its turn in between.
    await otherWork()
    return examined(cryptoki, at, { key: pair.privateKey, algorithm }, wrapped) !== null
  }
  const able = new Set<WrappingAlgorithm>()
  // A device on which a shorter AES key can't be told from one of 256 bits is no place for imported material.
  for (const algorithm of WRAPPING_ALGORITHMS)
    if ((await accepts(algorithm, KEY_BYTES)) && !(await accepts(algorithm, 16)) && !(await accepts(algorithm, 24)))
      able.add(algorithm)
  cryptoki.destroy(at, pair.privateKey)
  return able
}
