// Wraps key material for import, on the owner's side. wrap.ts unwraps it.
import {
  createCipheriv,
  createPublicKey,
  diffieHellman,
  encapsulate,
  hash,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { HYBRID_WRAPPING, X_WING_LABEL } from './hybrid-wrap.ts'
import { publicKeyObject } from './public-key.ts'
import { encryptRsa } from './rsa-encryption.ts'
import type { ImportAlgorithm } from './wrap.ts'

/** The length of ML-KEM-768's public key. X25519's (32 bytes) follows it. */
const KEM_PUBLIC = 1184
/** The initial value of key wrap (RFC 3394 section 2.2.3.1). */
const INTEGRITY = Buffer.alloc(8, 0xa6)

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/**
 * Wraps the material with the PublicKey (decoded) of GetParametersForImport. `own` is a new X25519 pair, which only hybrid wrapping uses. The caller
 * wipes the material.
 */
export function wrapMaterial(
  publicKey: Uint8Array,
  algorithm: ImportAlgorithm,
  material: Uint8Array,
  own: Pair,
): Buffer {
  if (algorithm === HYBRID_WRAPPING) return wrapHybrid(publicKey, material, own)
  return encryptRsa(publicKeyObject(publicKey), algorithm, material)
}

function wrapHybrid(publicKey: Uint8Array, material: Uint8Array, own: Pair): Buffer {
  const [kemBytes, point] = [
    Buffer.from(publicKey.subarray(0, KEM_PUBLIC)),
    Buffer.from(publicKey.subarray(KEM_PUBLIC)),
  ]
  const kem = createPublicKey({ key: kemBytes, format: 'raw-public', asymmetricKeyType: 'ml-kem-768' })
  const peer = createPublicKey({ key: point, format: 'raw-public', asymmetricKeyType: 'x25519' })
  const { sharedKey, ciphertext } = encapsulate(kem)
  const ownPoint = own.publicKey.export({ format: 'raw-public' })
  const agreed = diffieHellman({ privateKey: own.privateKey, publicKey: peer })
  const secrets = Buffer.concat([sharedKey, agreed, ownPoint, point, X_WING_LABEL])
  const shared = hash('sha3-256', secrets, 'buffer')
  const wrapping = Buffer.from(hkdfSync('sha256', shared, new Uint8Array(0), HYBRID_WRAPPING, 32))
  const cipher = createCipheriv('id-aes256-wrap', wrapping, INTEGRITY)
  for (const secret of [sharedKey, agreed, secrets, shared, wrapping]) secret.fill(0)
  return Buffer.concat([ciphertext, ownPoint, cipher.update(material), cipher.final()])
}
