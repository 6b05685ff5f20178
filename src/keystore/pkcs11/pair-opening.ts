// Decrypts in the device what was encrypted with a public key.
import type { OaepAlgorithm } from '../../cryptography/algorithms.ts'
import { encryptRsa } from '../../cryptography/rsa-encryption.ts'
import type { Cryptoki } from './cryptoki.ts'
import { faultOf, Unsupported } from './faults.ts'
import type { Access } from './login.ts'
import { demandSame, openedOrNot } from './opening.ts'
import type { Pace } from './pace.ts'
import { rsaPublicKey } from './pairs.ts'
import type { Handle } from './session.ts'
import { MECHANISM_NAMES } from './templates.ts'

const PROBE = Buffer.alloc(32, 1)

/** Returns the plaintext; null when the ciphertext is invalid. Throws Unsupported where the device lacks the algorithm. */
export async function openedByPair(
  cryptoki: Cryptoki,
  access: Access,
  { key, algorithm }: { readonly key: Handle; readonly algorithm: OaepAlgorithm },
  ciphertext: Uint8Array,
  pace: Pace,
): Promise<Uint8Array | null> {
  const init = () => {
    try {
      cryptoki.pairs.decryptInit(access, key, algorithm)
    } catch (error) {
      if (faultOf(error) !== 'unsupported') throw error
      throw new Unsupported(`lacks ${MECHANISM_NAMES[algorithm]}`)
    }
  }
  const open = (sealed: Uint8Array) => {
    init()
    return cryptoki.decrypt(access, sealed)
  }
  const openAside = () => {
    init()
    return cryptoki.decryptAside(access, ciphertext)
  }
  const modulus = () => cryptoki.pairs.modulusOf(access, key)
  const prove = async (unclear: unknown, times: number) => {
    const sealed = encryptRsa(rsaPublicKey(modulus()), algorithm, PROBE)
    for (let i = 0; i < times; i++) if (!open(sealed).equals(PROBE)) throw unclear
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1
    demandSame(unclear, () => open(sealed))
  }
  try {
    return await openedOrNot(() => pace.of(() => open(ciphertext), openAside), prove)
  } catch (error) {
    // A number not below the modulus is no ciphertext (RFC 8017 section 5.1.2). Some devices report it as a wrong argument.
    if (faultOf(error) === 'unsupported' && Buffer.compare(modulus(), ciphertext) <= 0) return null
    throw error
  }
}
