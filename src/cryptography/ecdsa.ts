// The two encodings of an ECDSA signature: r and s side by side in PKCS #11, and DER (RFC 3279 section 2.2.3) in the API.
import { element, integer, SEQUENCE } from './der.ts'

/** Encodes r and s, which have the same length, in DER. Throws RangeError for a length that r and s can't have. */
export function ecdsaToDer(signature: Uint8Array): Buffer {
  const { length } = signature
  if (length === 0 || length % 2 !== 0) throw new RangeError(`${length} bytes are not an ECDSA signature`)
  return element(SEQUENCE, integer(signature.subarray(0, length / 2)), integer(signature.subarray(length / 2)))
}
