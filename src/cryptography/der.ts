// Writes DER (X.690), the encoding of signatures and ciphertexts of curves.

const INTEGER = 0x02
export const OCTETS = 0x04
export const SEQUENCE = 0x30

/** An element of at most 65,535 bytes. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, { length }) => sum + length, 0)
  const lengthBytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...lengthBytes), ...contents])
}

/** A positive number, big-endian: without leading zeros, except for one where the first bit would otherwise be a minus sign. */
export function integer(bigEndian: Uint8Array): Buffer {
  const first = bigEndian.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? bigEndian.subarray(-1) : bigEndian.subarray(first)
  return element(INTEGER, ...((digits[0] ?? 0) < 0x80 ? [] : [Buffer.of(0)]), digits)
}
