// Signing in the device: what the device gets of a digest, and what callers get of its signature.
import { ecdsaToDer } from '../../cryptography/ecdsa.ts'
import type { Cryptoki } from './cryptoki.ts'
import { faultOf, Unsupported } from './faults.ts'
import type { Access } from './login.ts'
import type { Pace } from './pace.ts'
import type { Handle } from './session.ts'
import { type DeviceSigning, MECHANISM_NAMES } from './templates.ts'

/** What precedes a digest of SHA-256 in a DigestInfo (RFC 8017 section 9.2, note 1). */
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')

/** The signature of a digest of SHA-256: DER of ECDSA, else as long as the modulus. Throws Unsupported where the device does not make such. */
export async function signed(
  cryptoki: Cryptoki,
  access: Access,
  { key, algorithm }: { readonly key: Handle; readonly algorithm: DeviceSigning },
  digest: Uint8Array,
  pace: Pace,
): Promise<Uint8Array> {
  const data = algorithm === 'RSA_PKCS1_SHA_256' ? Buffer.concat([DIGEST_INFO, digest]) : digest
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
