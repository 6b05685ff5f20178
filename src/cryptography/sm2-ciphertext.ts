// The two forms of an SM2 ciphertext. The API uses the raw form C1‖C3‖C2: an uncompressed point, the SM3 digest, the encrypted text (GB/T 32918.4).
// OpenSSL uses DER: a sequence of the point's coordinates, the digest and the encrypted text (GM/T 0009).
import { element, integer, OCTETS, SEQUENCE } from './der.ts'

const COORDINATE = 32
const DIGEST = 32
const UNCOMPRESSED = 4
const HEADER = 1 + 2 * COORDINATE + DIGEST

/** Converts the raw form to DER; null for another layout. Decryption, not this function, checks that the point is on the curve. */
export function sm2ToDer(raw: Uint8Array): Buffer | null {
  if (raw.length <= HEADER || raw[0] !== UNCOMPRESSED) return null
  const at = (start: number, length: number) => raw.subarray(start, start + length)
  return element(
    SEQUENCE,
    integer(at(1, COORDINATE)),
    integer(at(1 + COORDINATE, COORDINATE)),
    element(OCTETS, at(1 + 2 * COORDINATE, DIGEST)),
    element(OCTETS, raw.subarray(HEADER)),
  )
}

/** Converts a DER ciphertext of OpenSSL to the raw form. */
export function sm2FromDer(der: Uint8Array): Buffer {
  const [sequence = EMPTY] = elements(der)
  const [x = EMPTY, y = EMPTY, digest = EMPTY, text = EMPTY] = elements(sequence)
  return Buffer.concat([Buffer.of(UNCOMPRESSED), coordinate(x), coordinate(y), digest, text])
}

const EMPTY = new Uint8Array(0)

function coordinate(bytes: Uint8Array): Uint8Array {
  const significant = bytes.subarray(-COORDINATE)
  return Buffer.concat([Buffer.alloc(COORDINATE - significant.length), significant])
}

/** Returns the contents of consecutive elements. */
function elements(der: Uint8Array): Uint8Array[] {
  const contents: Uint8Array[] = []
  for (let at = 0; at < der.length; ) {
    const first = der[at + 1] ?? 0
    const more = first < 0x80 ? 0 : first - 0x80
    let length = more === 0 ? first : 0
    for (let i = 0; i < more; i++) length = length * 256 + (der[at + 2 + i] ?? 0)
    const start = at + 2 + more
    contents.push(der.subarray(start, start + length))
    at = start + length
  }
  return contents
}
