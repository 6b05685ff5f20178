// The import token (docs/reference/formats.md#import-token) carries the sealed private wrapping key, so that the server stores nothing.
// Algorithm and expiry are in plaintext. The associated data of the sealed private key contains both and the CMK's id, so a changed token
// does not open.
import { refuse } from '../api/errors.ts'
import { fromBase64 } from '../cryptography/encoding.ts'
import { IMPORT_ALGORITHMS, type ImportAlgorithm } from '../cryptography/wrap.ts'
import type { KmsContext } from './operation.ts'

export const TOKEN_VALID_MS = 24 * 3_600_000

/** The members of an import token. `expiresAt` is milliseconds since 1970. */
export interface ImportToken {
  readonly algorithm: ImportAlgorithm
  readonly expiresAt: number
  readonly sealedPrivateKey: Uint8Array
}

/** The associated data of the sealed private key. */
export function wrappingPlace(
  keyId: string,
  { algorithm, expiresAt }: Pick<ImportToken, 'algorithm' | 'expiresAt'>,
  { scope }: KmsContext,
): readonly string[] {
  return ['wrapping-key', scope.account, scope.region, keyId, algorithm, String(expiresAt)]
}

export function encodeToken({ algorithm, expiresAt, sealedPrivateKey }: ImportToken): string {
  const header = Buffer.alloc(9)
  header.writeUInt8(IMPORT_ALGORITHMS.indexOf(algorithm))
  header.writeBigUInt64BE(BigInt(expiresAt), 1)
  return Buffer.concat([header, sealedPrivateKey]).toString('base64')
}

/** Parses a token. It does not authenticate the token: opening the private key does. Refuses with InvalidImportToken. */
export function decodeToken(token: string): ImportToken {
  const bytes = fromBase64(token)
  const algorithm = bytes && IMPORT_ALGORITHMS[bytes[0] ?? -1]
  if (!bytes || bytes.length < 10 || !algorithm) throw refuse('InvalidImportToken')
  return { algorithm, expiresAt: Number(bytes.readBigUInt64BE(1)), sealedPrivateKey: bytes.subarray(9) }
}
