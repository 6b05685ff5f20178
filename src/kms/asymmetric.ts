// Shared by the operations on asymmetric CMKs: their parameters, and the look-up of the version that a call names.
import { refuse } from '../api/errors.ts'
import { choice, type Parameter, text } from '../api/parameters.ts'
import {
  ENCRYPTION_ALGORITHMS,
  type EncryptionAlgorithm,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
} from '../cryptography/algorithms.ts'
import { fromBase64 } from '../cryptography/encoding.ts'
import { type AsymmetricSpec, asymmetricSpec, type KeyUsage, type Sizes } from '../keystore/key-spec.ts'
import { DeviceTime } from '../keystore/keystore.ts'
import type { VersionPlace } from '../keystore/version-place.ts'
import { placeOf } from './cryptography.ts'
import { type FoundKey, findVersion, keyIdOrAlias } from './key-name.ts'
import { demandEnabled } from './key-state.ts'
import type { KmsContext } from './operation.ts'
import { dryRun } from './parameters.ts'
import type { Version } from './records.ts'

/** A parameter in Base64 that decodes to at most `most` bytes. */
function bytes(most: number, rule: string): Parameter<Buffer> {
  const checked = text({ max: Math.ceil(most / 3) * 4, rule })
  return {
    ...checked,
    read(name, given) {
      const decoded = fromBase64(checked.read(name, given))
      if (!decoded || decoded.length > most) throw refuse('InvalidParameter', { name, rule })
      return decoded
    },
  }
}

const LONGEST_DIGEST = 64
/** An ML-DSA-87 signature has 4,627 bytes. */
const LONGEST_SIGNATURE = 4627
/** The longest plaintext that SM2PKE encrypts, and the longest ciphertext, in bytes. */
const [LONGEST_TEXT, LONGEST_CIPHERTEXT] = [6047, 6144]

export const versionOfKey = {
  KeyId: keyIdOrAlias,
  KeyVersionId: text({ max: 64, rule: 'The ID of a version of this CMK.' }),
}

export const signingAlgorithm = choice(...(Object.keys(SIGNING_ALGORITHMS) as SigningAlgorithm[]))
export const encryptionAlgorithm = choice(...ENCRYPTION_ALGORITHMS)

export const digest = bytes(
  LONGEST_DIGEST,
  'Base64 of the digest: 32 bytes of SHA-256 for RSA and ECDSA, or of SM3 over Z(A) and the message for SM2DSA; for ML-DSA, the 1 to 64 bytes to sign.',
)
export const signature = bytes(LONGEST_SIGNATURE, 'Base64 of a signature.')
export const asymmetricPlaintext = {
  ...bytes(LONGEST_TEXT, 'Base64 of 1 byte up to what the key and the algorithm can encrypt, at most 6047.'),
  secret: true,
}
const CIPHERTEXT_RULE = 'Base64 of a ciphertext for this version of the key, unaltered, with the same algorithm.'
export const asymmetricCiphertext = { ...bytes(LONGEST_CIPHERTEXT, CIPHERTEXT_RULE), secret: true }

/** The parameters of operations that sign or verify, and of those that encrypt or decrypt. */
export const signingParameters = { ...versionOfKey, Algorithm: signingAlgorithm, Digest: digest, ...dryRun }
export const encryptionParameters = { ...versionOfKey, Algorithm: encryptionAlgorithm, ...dryRun }

/** The error codes that all operations on a version of an asymmetric key have. */
export const ASYMMETRIC_REFUSALS = [
  'Forbidden.KeyNotFound',
  'Forbidden.AliasNotFound',
  'Forbidden.KeyVersionNotFound',
  'Rejected.UnsupportedOperation',
  'Rejected.Disabled',
  'Rejected.PendingDeletion',
] as const

/** A version of an asymmetric key, ready for use. */
interface UsablePair {
  readonly version: Version
  readonly place: VersionPlace
  readonly material: string
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
}

/** Refuses a key that is not asymmetric or has another usage. With `usage` null, either usage is accepted. */
export function demandAsymmetric({ body }: FoundKey, usage: KeyUsage | null): AsymmetricSpec {
  const spec = asymmetricSpec(body.keySpec)
  if (!spec || (usage !== null && body.keyUsage !== usage)) throw refuse('Rejected.UnsupportedOperation')
  return spec
}

/** The named version of the key. Refuses one of another key, and a key that is not Enabled. */
export async function usablePair(key: FoundKey, versionId: string, context: KmsContext): Promise<UsablePair> {
  const version = await findVersion(versionId, context)
  if (version?.body.keyId !== key.record.id) throw refuse('Forbidden.KeyVersionNotFound')
  demandEnabled(key.body)
  const { material, publicKey } = version.body
  if (material === null || publicKey === undefined) throw new Error(`version ${versionId} has no pair`)
  return { version, place: placeOf(version, key), material, publicKey: Buffer.from(publicKey, 'base64') }
}

/** Refuses an algorithm that the key does not sign with, and a digest of the wrong length for the algorithm. */
export function demandSignable(spec: AsymmetricSpec, algorithm: SigningAlgorithm, { length }: Uint8Array): void {
  if (!spec.signing.includes(algorithm)) throw wrongAlgorithm('Algorithm', spec.signing)
  const { fewestBytes, mostBytes } = SIGNING_ALGORITHMS[algorithm]
  if (length >= fewestBytes && length <= mostBytes) return
  const bytes = fewestBytes === mostBytes ? `exactly ${mostBytes}` : `${fewestBytes} to ${mostBytes}`
  throw refuse('InvalidParameter', { name: 'Digest', rule: `${algorithm} takes ${bytes} bytes, in Base64.` })
}

/**
 * Returns the sizes in bytes of plaintext and ciphertext for a key and an algorithm. Refuses an algorithm that the key does not encrypt with;
 * `name` is the parameter that the refusal names.
 */
export function sizesOf(spec: AsymmetricSpec, algorithm: EncryptionAlgorithm, name: string): Sizes {
  const sizes = spec.encryption[algorithm]
  if (!sizes) throw wrongAlgorithm(name, Object.keys(spec.encryption))
  return sizes
}

function wrongAlgorithm(name: string, algorithms: readonly string[]) {
  return refuse('InvalidParameter', { name, rule: `A key of this KeySpec takes ${algorithms.join(' or ')}.` })
}

/**
 * Decrypts a ciphertext that was encrypted with the public key of a version. Refuses every invalid ciphertext in the same way, so that the
 * answer does not reveal which check failed.
 */
export async function decryptedWith(
  { place, material }: UsablePair,
  algorithm: EncryptionAlgorithm,
  ciphertext: Uint8Array,
  { ciphertext: [fewest, most] }: Sizes,
  { keystore }: KmsContext,
  time = new DeviceTime(),
): Promise<Uint8Array> {
  const fits = ciphertext.length >= fewest && ciphertext.length <= most
  const plaintext = fits ? await keystore.decryptAsymmetric(place, material, algorithm, ciphertext, time) : null
  if (!plaintext) throw refuse('InvalidParameter', { name: 'CiphertextBlob', rule: CIPHERTEXT_RULE })
  return plaintext
}
