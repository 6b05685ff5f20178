// The owner's side of an import: wrapping material with the public key that the service gave.
import {
  constants,
  createCipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  encapsulate,
  generateKeyPairSync,
  hkdfSync,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import type { TestHouse } from '../house.ts'

export interface Prepared {
  readonly keyId: string
  readonly token: string
  readonly publicKey: string
  readonly material: Buffer
  /** Base64 of the wrapped material. */
  readonly wrapped: string
}

/** Wraps `material` for an algorithm; the answer is Base64. */
export function wrap(publicKey: string, algorithm: string, material: Uint8Array): string {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  const padding =
    algorithm === 'RSAES_PKCS1_V1_5'
      ? { padding: constants.RSA_PKCS1_PADDING }
      : { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256' }
  return publicEncrypt({ key, ...padding }, material).toString('base64')
}

/** Hybrid wrapping, as docs/reference/formats.md describes it to owners of material; the answer is Base64. */
export function wrapHybrid(publicKey: string, material: Uint8Array): string {
  const bytes = Buffer.from(publicKey, 'base64')
  const [kemKey, pkX] = [bytes.subarray(0, 1184), bytes.subarray(1184)]
  // What the SubjectPublicKeyInfo of each key begins with (RFC 9935, RFC 8410).
  const spki = (header: string, key: Uint8Array) =>
    createPublicKey({ key: Buffer.concat([Buffer.from(header, 'hex'), key]), format: 'der', type: 'spki' })
  const { sharedKey: ssM, ciphertext: ctM } = encapsulate(spki('308204b2300b0609608648016503040402038204a100', kemKey))
  const own = generateKeyPairSync('x25519')
  const ctX = own.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const ssX = diffieHellman({ privateKey: own.privateKey, publicKey: spki('302a300506032b656e032100', pkX) })
  const shared = createHash('sha3-256')
  for (const part of [ssM, ssX, ctX, pkX, Buffer.from('5c2e2f2f5e5c', 'hex')]) shared.update(part)
  const key = Buffer.from(hkdfSync('sha256', shared.digest(), '', 'X_WING_AES_256_KW', 32))
  const cipher = createCipheriv('aes256-wrap', key, Buffer.alloc(8, 0xa6))
  return Buffer.concat([ctM, ctX, cipher.update(material), cipher.final()]).toString('base64')
}

/** OAEP with the best hash that the house's key store knows: SoftHSM2 knows SHA-1 only. */
export function bestAlgorithm(house: TestHouse): string {
  return house.token?.kind === 'SoftHSM2' ? 'RSAES_OAEP_SHA_1' : 'RSAES_OAEP_SHA_256'
}

/** The algorithms that the house's key store offers: neither token refuses wrong padding of PKCS #1 v1.5. */
export function algorithmsOf(house: TestHouse): string[] {
  if (!house.token) return ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'RSAES_PKCS1_V1_5']
  return house.token.kind === 'SoftHSM2' ? ['RSAES_OAEP_SHA_1'] : ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']
}

/** OAEP with another hash than the algorithm's. */
export function otherAlgorithm(algorithm: string): string {
  return algorithm === 'RSAES_OAEP_SHA_1' ? 'RSAES_OAEP_SHA_256' : 'RSAES_OAEP_SHA_1'
}

/** Asks for import parameters and wraps material (new, unless given). */
export async function prepareImport(
  house: TestHouse,
  keyId: string,
  { algorithm = bestAlgorithm(house), material = randomBytes(32) as Buffer } = {},
): Promise<Prepared> {
  const answer = await house.must('GetParametersForImport', {
    KeyId: keyId,
    WrappingAlgorithm: algorithm,
    WrappingKeySpec: 'RSA_2048',
  })
  const wrapped = wrap(answer.PublicKey, algorithm, material)
  return { keyId, token: answer.ImportToken, publicKey: answer.PublicKey, material, wrapped }
}

/** Parameters of ImportKeyMaterial; `expiresAt` is milliseconds since 1970. */
export function importParameters({ keyId, token, wrapped }: Prepared, expiresAt?: number): Record<string, string> {
  const expiry = expiresAt === undefined ? {} : { KeyMaterialExpireUnix: String(Math.floor(expiresAt / 1000)) }
  return { KeyId: keyId, ImportToken: token, EncryptedKeyMaterial: wrapped, ...expiry }
}

export async function importMaterial(house: TestHouse, prepared: Prepared, expiresAt?: number): Promise<void> {
  await house.must('ImportKeyMaterial', importParameters(prepared, expiresAt))
}
