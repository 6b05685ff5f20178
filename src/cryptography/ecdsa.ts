// The two encodings of an ECDSA signature: r and s side by side in PKCS #11, and DER (RFC 3279 section 2.2.3) in the API.

const SEQUENCE = 0x30
const INTEGER = 0x02
/** A length of one byte (X.690 section 8.1.3.4) is enough for curves of up to 480 bits. */
const MOST_BYTES = 120

/** Encodes r and s, which have the same length, in DER. Throws RangeError for a length that r and s can't have. */
export function ecdsaToDer(signature: Uint8Array): Buffer {
  const { length } = signature
  if (length === 0 || length % 2 !== 0 || length > MOST_BYTES)
    throw new RangeError(`${length} bytes are not an ECDSA signature`)
  const content = Buffer.concat([integer(signature.subarray(0, length / 2)), integer(signature.subarray(length / 2))])
  return Buffer.concat([Buffer.of(SEQUENCE, content.length), content])
}

/** Encodes a positive number in DER: without leading zeros, except for one where the first bit would otherwise be a minus sign. */
function integer(bigEndian: Uint8Array): Buffer {
  const first = bigEndian.findIndex((byte) => byte !== 0)
  const digits = bigEndian.subarray(first === -1 ? bigEndian.length - 1 : first)
  const sign = (digits[0] ?? 0) >= 0x80 ? [0] : []
  return Buffer.from([INTEGER, sign.length + digits.length, ...sign, ...digits])
}
