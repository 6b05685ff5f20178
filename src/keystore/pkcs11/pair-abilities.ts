// The abilities of a device with key pairs. They are tried with session pairs, because lists of mechanisms contain neither the curves nor the
// hashes.
import { constants, hash, type KeyObject, verify } from 'node:crypto'
import type { OaepAlgorithm } from '../../cryptography/algorithms.ts'
import { encryptRsa } from '../../cryptography/rsa-encryption.ts'
import type { Cryptoki } from './cryptoki.ts'
import type { Access } from './login.ts'
import { Pace } from './pace.ts'
import type { Abilities } from './protocol.ts'
import type { Handle } from './session.ts'
import { signed } from './signing.ts'
import { type CurveSpec, type DeviceSigning, MECHANISM_NAMES, type PairUse } from './templates.ts'
import { Trial } from './trial.ts'

type RsaSigning = Exclude<DeviceSigning, 'ECDSA_SHA_256'>
/** Pairs on curves are for signing only, so a curve counts as supported only if its pairs can sign. */
export const CURVE_ABILITIES = ['EC_P256', 'EC_P256K'] as const satisfies readonly CurveSpec[]
export type CurveAbility = (typeof CURVE_ABILITIES)[number]
export const RSA_ABILITIES = [
  'RSA_2048',
  'RSA_3072',
  'AsymmetricSign RSA_PSS_SHA_256',
  'AsymmetricSign RSA_PKCS1_SHA_256',
  'AsymmetricDecrypt RSAES_OAEP_SHA_256',
  'AsymmetricDecrypt RSAES_OAEP_SHA_1',
] as const
export type RsaAbility = (typeof RSA_ABILITIES)[number]

const CURVE_NAMES: Readonly<Record<CurveSpec, string>> = { EC_P256: 'secp256r1', EC_P256K: 'secp256k1' }
const LARGE_BITS = 3072
const TEXT = Buffer.from('strongroom tries this out')

interface Pair {
  readonly privateKey: Handle
  readonly publicKey: KeyObject
}

/** For each curve, why the device can't sign with its pairs; null where it can. */
export async function abilitiesOnCurves(cryptoki: Cryptoki, access: Access): Promise<Abilities<CurveAbility>> {
  const trial = new Trial()
  const lackOf = async (spec: CurveSpec): Promise<string | null> => {
    const pair = await trial.of(() => cryptoki.pairs.generate(access, spec, 'sign', null))
    const signs = pair && (await trial.of(() => signsWith(cryptoki, access, pair, 'ECDSA_SHA_256')))
    if (pair) cryptoki.destroy(access, pair.privateKey)
    return signs
      ? null
      : `lacks ${pair ? MECHANISM_NAMES.ECDSA_SHA_256 : 'CKM_EC_KEY_PAIR_GEN'} with ${CURVE_NAMES[spec]}`
  }
  return trial.concluded({ EC_P256: await lackOf('EC_P256'), EC_P256K: await lackOf('EC_P256K') })
}

/**
 * Why the device can't generate RSA pairs, or sign and decrypt with them; null where it can. Larger pairs are not tried, because their generation
 * takes long; the device's own statement decides.
 */
export async function abilitiesWithRsa(cryptoki: Cryptoki, access: Access): Promise<Abilities<RsaAbility>> {
  const trial = new Trial()
  const make = (use: PairUse) => trial.of(() => cryptoki.pairs.generate(access, 'RSA_2048', use, null))
  const [signer, decrypter] = [await make('sign'), await make('decrypt')]
  const signing = async (algorithm: RsaSigning) =>
    lackUnless(algorithm, signer && (await trial.of(() => signsWith(cryptoki, access, signer, algorithm))))
  const decryption = async (algorithm: OaepAlgorithm) =>
    lackUnless(algorithm, decrypter && (await trial.of(() => decryptsWith(cryptoki, access, decrypter, algorithm))))
  const lacksPairs = signer || decrypter ? null : 'lacks CKM_RSA_PKCS_KEY_PAIR_GEN'
  const abilities = trial.concluded({
    RSA_2048: lacksPairs,
    RSA_3072: lacksPairs ?? lackOfBits(cryptoki.pairs.mostRsaBits(access.slot)),
    'AsymmetricSign RSA_PSS_SHA_256': await signing('RSA_PSS_SHA_256'),
    'AsymmetricSign RSA_PKCS1_SHA_256': await signing('RSA_PKCS1_SHA_256'),
    'AsymmetricDecrypt RSAES_OAEP_SHA_256': await decryption('RSAES_OAEP_SHA_256'),
    'AsymmetricDecrypt RSAES_OAEP_SHA_1': await decryption('RSAES_OAEP_SHA_1'),
  })
  for (const pair of [signer, decrypter]) if (pair) cryptoki.destroy(access, pair.privateKey)
  return abilities
}

function lackUnless(algorithm: RsaSigning | OaepAlgorithm, does: true | null): string | null {
  return does ? null : `lacks ${MECHANISM_NAMES[algorithm]}`
}

function lackOfBits(most: number): string | null {
  return most < LARGE_BITS ? `lacks CKM_RSA_PKCS_KEY_PAIR_GEN with ${LARGE_BITS} bits` : null
}

/** Returns true when the device's signature of a digest is valid; null otherwise. */
async function signsWith(
  cryptoki: Cryptoki,
  access: Access,
  { privateKey, publicKey }: Pair,
  algorithm: DeviceSigning,
): Promise<true | null> {
  const signature = await signed(
    cryptoki,
    access,
    { key: privateKey, algorithm },
    hash('sha256', TEXT, 'buffer'),
    new Pace(),
  )
  const padding = algorithm === 'RSA_PSS_SHA_256' ? PSS : {}
  return verify('sha256', TEXT, { key: publicKey, ...padding }, signature) || null
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }

/** Returns true when the device decrypts what was encrypted with the public key; null otherwise. */
async function decryptsWith(
  cryptoki: Cryptoki,
  access: Access,
  { privateKey, publicKey }: Pair,
  algorithm: OaepAlgorithm,
): Promise<true | null> {
  cryptoki.pairs.decryptInit(access, privateKey, algorithm)
  return cryptoki.decrypt(access, encryptRsa(publicKey, algorithm, TEXT)).equals(TEXT) || null
}
