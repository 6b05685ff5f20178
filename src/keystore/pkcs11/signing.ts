// Signs in the device, and converts digests and signatures between the formats of API and device.
import { ecdsaToDer } from '../../cryptography/ecdsa.ts'
import { digestInfo } from '../../cryptography/rsa.ts'
import type { Cryptoki } from './cryptoki.ts'
import { faultOf, Unsupported } from './faults.ts'
import type { Access } from './login.ts'
import type { Pace } from './pace.ts'
import type { Handle } from './session.ts'
import { type DeviceSigning, MECHANISM_NAMES } from './templates.ts'

/**
 * Signs a SHA-256 digest. An ECDSA signature is DER, an RSA signature is as long as the modulus. Throws Unsupported where the device lacks
 * the algorithm.
 */
export async function signed(
  cryptoki: Cryptoki,
  access: Access,
  { key, algorithm }: { readonly key: Handle; readonly algorithm: DeviceSigning },
  digest: Uint8Array,
  pace: Pace,
): Promise<Uint8Array> {
  const data = algorithm === 'RSA_PKCS1_SHA_256' ? digestInfo(digest) : digest
  try {
    cryptoki.pairs.signInit(access, key, algorithm)
    const signature = await pace.of(
      () => cryptoki.pairs.sign(access, data),
      () => cryptoki.pairs.signAside(access, data),
    )
    return algorithm === 'ECDSA_SHA_256' ? ecdsaToDer(signature) : signature
  } catch (error) {
    if (faultOf(error) !== 'unsupported') throw error
    throw new Unsupported(`lacks ${MECHANISM_NAMES[algorithm]}`)
  }
}
