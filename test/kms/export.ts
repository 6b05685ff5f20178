// The receiver's side of an exported data key: its RSA pair, and unwrapping.
import { constants, generateKeyPairSync, type KeyObject, privateDecrypt } from 'node:crypto'

export function rsaPair(modulusLength = 2048): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('rsa', { modulusLength })
}

/** The parameters that name a destination. */
export function exportTo(publicKey: KeyObject, WrappingAlgorithm = 'RSAES_OAEP_SHA_256'): Record<string, string> {
  const PublicKeyBlob = publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  return { PublicKeyBlob, WrappingKeySpec: 'RSA_2048', WrappingAlgorithm }
}

export function unwrapExported(privateKey: KeyObject, exported: string, algorithm = 'RSAES_OAEP_SHA_256'): Buffer {
  const oaepHash = algorithm === 'RSAES_OAEP_SHA_256' ? 'sha256' : 'sha1'
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  return privateDecrypt({ key: privateKey, padding, oaepHash }, Buffer.from(exported, 'base64'))
}
