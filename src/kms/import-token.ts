// The import token: it carries the sealed private wrapping key, so the server keeps nothing for it (contract/kms.md 5.2).
// Algorithm and expiry stand in the open, but the private key opens only together with them and for its own key.
import { refuse } from '../api/errors.ts'
import { fromBase64 } from '../cryptography/encoding.ts'
import { WRAPPING_ALGORITHMS, type WrappingAlgorithm } from '../cryptography/wrap.ts'
import type { KmsContext } from './operation.ts'

export const TOKEN_VALID_MS = 24 * 3_600_000

/** What an import token says. `expiresAt` is milliseconds since 1970. */
export interface ImportToken {
  readonly algorithm: WrappingAlgorithm
  readonly expiresAt: number
  readonly sealedPrivateKey: Uint8Array
}

/** What the sealed private key is bound to. */
export function wrappingPlace(
  keyId: string,
  { algorithm, expiresAt }: Pick<ImportToken, 'algorithm' | 'expiresAt'>,
  { scope }: KmsContext,
): readonly string[] {
  return ['wrapping-key', scope.account, scope.region, keyId, algorithm, String(expiresAt)]
}

export function encodeToken({ algorithm, expiresAt, sealedPrivateKey }: ImportToken): string {
  const header = Buffer.alloc(9)
  header.writeUInt8(WRAPPING_ALGORITHMS.indexOf(algorithm))
  header.writeBigUInt64BE(BigInt(expiresAt), 1)
  return Buffer.concat([header, sealedPrivateKey]).toString('base64')
}

/** Reads a token; whether it is authentic shows when the private key is opened. Refuses with InvalidImportToken. */
export function decodeToken(token: string): ImportToken {
  const bytes = fromBase64(token)
  const algorithm = bytes && WRAPPING_ALGORITHMS[bytes[0] ?? -1]
  if (!bytes || bytes.length < 10 || !algorithm) throw refuse('InvalidImportToken')
  return { algorithm, expiresAt: Number(bytes.readBigUInt64BE(1)), sealedPrivateKey: bytes.subarray(9) }
}
