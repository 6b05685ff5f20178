// The percent-encoding of signatures (RFC 3986, section 2): all bytes of UTF-8 except A-Z a-z 0-9 - _ . ~ become %XX in upper case. It works byte by
// byte, because replacement in strings costs about ten times as much, and unauthenticated clients choose the content.

/** Percent-encodes a text. */
export function percentEncode(text: string): string {
  return UNRESERVED.test(text) ? text : encoded(bytesOf(text), false)
}

/** Percent-encodes a text twice, in one pass: %XX becomes %25XX. */
export function percentEncodeTwice(text: string): string {
  return UNRESERVED.test(text) ? text : encoded(bytesOf(text), true)
}

const UNRESERVED = /^[A-Za-z0-9\-_.~]*$/
/** 1 for each byte that stays as it is. */
export const IS_UNRESERVED = Uint8Array.from({ length: 256 }, (_, byte) =>
  UNRESERVED.test(String.fromCharCode(byte)) ? 1 : 0,
)
/** The digits of %XX. */
export const DIGITS = Uint8Array.from('0123456789ABCDEF', (digit) => digit.charCodeAt(0))

/** Returns the UTF-8 bytes of a text as one character each. ASCII text is returned unchanged. */
export function bytesOf(text: string): string {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1')
}

/** The inverse of bytesOf. */
export function textOf(bytes: string): string {
  return Buffer.byteLength(bytes) === bytes.length ? bytes : Buffer.from(bytes, 'latin1').toString()
}

/** Percent-encodes bytes, given as one character each, once or twice. */
function encoded(bytes: string, twice: boolean): string {
  const into = Buffer.allocUnsafe(bytes.length * (twice ? 5 : 3))
  let at = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes.charCodeAt(i)
    if (IS_UNRESERVED[byte] === 1) into[at++] = byte
    else {
      into[at++] = 0x25
      if (twice) {
        into[at++] = 0x32
        into[at++] = 0x35
      }
      into[at++] = DIGITS[byte >> 4] ?? 0
      into[at++] = DIGITS[byte & 15] ?? 0
    }
  }
  return into.toString('latin1', 0, at)
}
