// Unwrapping in the device: the supported algorithms, and the examination of wrapped material.
import { randomBytes } from 'node:crypto'
import { encryptRsa } from '../../cryptography/rsa-encryption.ts'
import { WRAPPING_ALGORITHMS, type WrappingAlgorithm } from '../../cryptography/wrap.ts'
import type { Cryptoki, WrappingUse } from './cryptoki.ts'
import { faultOf } from './faults.ts'
import { faultOfPadding } from './padding.ts'
import { rsaPublicKey } from './pairs.ts'
import type { Abilities } from './protocol.ts'
import type { SessionHolder } from './session.ts'
import { MECHANISM_NAMES } from './templates.ts'
import { Trial } from './trial.ts'

const KEY_BYTES = 32

/**
 * Returns the check value (16 bytes) of wrapped material, without keeping the material; null when it is not an AES key of 256 bits. A general error
 * of the library counts as "not a key" only if the library unwraps another key with the same wrapping key.
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
      // Libraries return various errors for bytes that are not a wrapped key. If the library still unwraps a valid key, the bytes were at fault.
      const { key, algorithm } = wrapping
      const publicKey = rsaPublicKey(cryptoki.pairs.modulusOf(at, key))
      const good = encryptRsa(publicKey, algorithm, randomBytes(KEY_BYTES))
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
    // The check value comes first: it fails for anything but an AES key, and some libraries crash when they wrap another kind of key.
    const checkValue = cryptoki.checkValue(at, key)
    const length = cryptoki.lengthOf(at, key)
    const fits = length === 0 ? await cryptoki.isLongEnough(at, wrapping, wrapped) : length === KEY_BYTES
    return fits ? checkValue : null
  } finally {
    cryptoki.destroy(at, key)
  }
}

/**
 * Returns, for each algorithm, why a token can't unwrap with it; null where it can. Lists of mechanisms contain neither the hashes of OAEP nor the
 * treatment of wrong padding, so this tries them with a session pair. Throws the library's error when no algorithm works for an unknown reason.
 */
export async function unwrapsWith(cryptoki: Cryptoki, at: SessionHolder): Promise<Abilities<WrappingAlgorithm>> {
  const pair = await cryptoki.pairs.generate(at, 'RSA_2048', 'unwrap', null)
  const trial = new Trial()
  const accepts = async (algorithm: WrappingAlgorithm, bytes: number): Promise<boolean> => {
    const wrapping = { key: pair.privateKey, algorithm }
    const unwrap = () => unwrapped(cryptoki, at, wrapping, encryptRsa(pair.publicKey, algorithm, randomBytes(bytes)))
    return (await trial.of(unwrap)) !== null
  }
  const lackOf = async (algorithm: WrappingAlgorithm): Promise<string | null> => {
    if (!(await accepts(algorithm, KEY_BYTES))) return `lacks ${MECHANISM_NAMES[algorithm]}`
    // A device that can't distinguish a shorter AES key from a 256-bit one is not safe for imported material.
    if ((await accepts(algorithm, 16)) || (await accepts(algorithm, 24))) return 'does not tell how long an AES key is'
    return algorithm === 'RSAES_PKCS1_V1_5' ? faultOfPadding(cryptoki, at, pair.privateKey, pair.publicKey) : null
  }
  const lacks: [WrappingAlgorithm, string | null][] = []
  for (const algorithm of WRAPPING_ALGORITHMS) lacks.push([algorithm, await lackOf(algorithm)])
  const concluded = trial.concluded(Object.fromEntries(lacks) as Record<WrappingAlgorithm, string | null>)
  cryptoki.destroy(at, pair.privateKey)
  return concluded
}
