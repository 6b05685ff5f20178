// The operations of private and public keys, by algorithm. node:crypto has RSA and ML-DSA; openssl.ts has the curves.
import { KeyObject, privateDecrypt, sign, verify } from 'node:crypto'
import type { EncryptionAlgorithm, SigningAlgorithm } from './algorithms.ts'
import { decryptSm2, digestVerifies, encryptSm2, signDigest } from './openssl.ts'
import type { PrivateKey } from './private-key.ts'
import { publicKeyObject } from './public-key.ts'
import { rsaVerifies, signRsa } from './rsa.ts'
import { encryptRsa, OAEP } from './rsa-encryption.ts'
import { sm2FromDer, sm2ToDer } from './sm2-ciphertext.ts'

/** Signs a digest, whose length the caller has checked. `salt` is 32 fresh random bytes, which PSS needs. */
export function signWith(
  key: PrivateKey,
  algorithm: SigningAlgorithm,
  digest: Uint8Array,
  salt: Uint8Array,
): Uint8Array {
  switch (algorithm) {
    case 'RSA_PSS_SHA_256':
    case 'RSA_PKCS1_SHA_256':
      return signRsa(objectOf(key), algorithm, digest, salt)
    case 'ML_DSA_65':
    case 'ML_DSA_87':
      return sign(null, digest, objectOf(key))
    case 'ECDSA_SHA_256':
    case 'SM2DSA':
      return signDigest(bytesOf(key), digest)
  }
}

/** Whether the signature is valid for the digest. `publicKey` is a SubjectPublicKeyInfo, DER. */
export function verifies(
  publicKey: Uint8Array,
  algorithm: SigningAlgorithm,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (algorithm) {
    case 'RSA_PSS_SHA_256':
    case 'RSA_PKCS1_SHA_256':
      return rsaVerifies(publicKeyObject(publicKey), algorithm, digest, signature)
    case 'ML_DSA_65':
    case 'ML_DSA_87':
      return verify(null, digest, publicKeyObject(publicKey), signature)
    case 'ECDSA_SHA_256':
    case 'SM2DSA':
      return digestVerifies(publicKey, digest, signature)
  }
}

/** Encrypts a plaintext, whose length the caller has checked. `publicKey` is a SubjectPublicKeyInfo, DER. */
export function encryptFor(publicKey: Uint8Array, algorithm: EncryptionAlgorithm, plaintext: Uint8Array): Uint8Array {
  if (algorithm === 'SM2PKE') return sm2FromDer(encryptSm2(publicKey, plaintext))
  return encryptRsa(publicKeyObject(publicKey), algorithm, plaintext)
}

/** Decrypts a ciphertext; null when it is invalid. */
export function decryptWith(
  key: PrivateKey,
  algorithm: EncryptionAlgorithm,
  ciphertext: Uint8Array,
): Uint8Array | null {
  if (algorithm === 'SM2PKE') {
    const der = sm2ToDer(ciphertext)
    return der && decryptSm2(bytesOf(key), der)
  }
  try {
    return privateDecrypt({ key: objectOf(key), ...OAEP[algorithm] }, ciphertext)
  } catch {
    return null
  }
}

function objectOf(key: PrivateKey): KeyObject {
  if (key instanceof KeyObject) return key
  throw new Error('this algorithm takes a key object')
}

function bytesOf(key: PrivateKey): Uint8Array {
  if (key instanceof Uint8Array) return key
  throw new Error('this algorithm takes a key on a curve, as bytes')
}
