// Bech32 (BIP 173) without its limit of 90 characters, the encoding of age's keys. Tests: test/cryptography/age.test.ts, by the vectors of age and
// the strings of the BIP.

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const
const CHECKSUM_CHARACTERS = 6

/** Encodes the bytes in lower case, with the prefix `hrp` (lower case) and a 1. */
export function encodeBech32(hrp: string, bytes: Uint8Array): string {
  const words = regrouped(bytes, 8, 5, true) ?? []
  const check = polymod([...expanded(hrp), ...words, ...new Array<number>(CHECKSUM_CHARACTERS).fill(0)]) ^ 1
  const checksum = Array.from({ length: CHECKSUM_CHARACTERS }, (_, i) => (check >> (5 * (5 - i))) & 31)
  return `${hrp}1${[...words, ...checksum].map((word) => ALPHABET[word]).join('')}`
}

/** Decodes the bytes after the prefix `hrp`. The text must be all lower case or all upper case; null for any other text. */
export function decodeBech32(hrp: string, text: string): Buffer | null {
  const lower = text.toLowerCase()
  if (text !== lower && text !== text.toUpperCase()) return null
  const end = lower.lastIndexOf('1')
  if (lower.slice(0, Math.max(0, end)) !== hrp) return null
  const words = [...lower.slice(end + 1)].map((character) => ALPHABET.indexOf(character))
  if (words.length < CHECKSUM_CHARACTERS || words.includes(-1) || polymod([...expanded(hrp), ...words]) !== 1)
    return null
  const bytes = regrouped(words.slice(0, -CHECKSUM_CHARACTERS), 5, 8, false)
  return bytes && Buffer.from(bytes)
}

function expanded(hrp: string): readonly number[] {
  const codes = [...hrp].map((character) => character.charCodeAt(0))
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)]
}

function polymod(words: readonly number[]): number {
  let check = 1
  for (const word of words) {
    const top = check >>> 25
    check = ((check & 0x1ffffff) << 5) ^ word
    for (const [i, term] of GENERATOR.entries()) if ((top >> i) & 1) check ^= term
  }
  return check >>> 0
}

/** Converts the bits to groups of another size. With `pads`, fills the last group with zeros. Without it, null where the rest is not zero padding. */
function regrouped(words: Iterable<number>, from: number, to: number, pads: boolean): number[] | null {
  const out: number[] = []
  let [held, bits] = [0, 0]
  for (const word of words) {
    held = ((held << from) | word) & 0xfff
    bits += from
    while (bits >= to) {
      bits -= to
      out.push((held >> bits) & ((1 << to) - 1))
    }
  }
  const rest = held & ((1 << bits) - 1)
  if (pads && bits > 0) out.push((rest << (to - bits)) & ((1 << to) - 1))
  if (!pads && (bits >= from || rest !== 0)) return null
  return out
}
