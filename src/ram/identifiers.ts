// New identifiers and secrets, from random bytes that are passed in.

export type Random = { randomBytes(length: number): Uint8Array }

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const DIGITS = '0123456789'

/**
 * Returns `length` characters of an alphabet of at most 256, uniformly distributed: bytes beyond the last whole multiple of the alphabet's
 * length are discarded.
 */
export function randomCharacters(length: number, alphabet: string, { randomBytes }: Random): string {
  const fair = 256 - (256 % alphabet.length)
  let text = ''
  while (text.length < length)
    for (const byte of randomBytes(64))
      if (byte < fair && text.length < length) text += alphabet[byte % alphabet.length]
  return text
}

/** 16 digits. */
export function newAccountId(random: Random): string {
  return `1${randomCharacters(15, DIGITS, random)}`
}

/** 18 digits, the first 2. */
export function newUserId(random: Random): string {
  return `2${randomCharacters(17, DIGITS, random)}`
}

/** 18 digits, the first 3. */
export function newRoleId(random: Random): string {
  return `3${randomCharacters(17, DIGITS, random)}`
}

/** g- and 16 letters and digits. */
export function newGroupId(random: Random): string {
  return `g-${randomCharacters(16, ALPHANUMERIC, random)}`
}

/** LTAI and 20 letters and digits. */
export function newAccessKeyId(random: Random): string {
  return `LTAI${randomCharacters(20, ALPHANUMERIC, random)}`
}

/** STS. and 22 letters and digits. */
export function newSessionAccessKeyId(random: Random): string {
  return `STS.${randomCharacters(22, ALPHANUMERIC, random)}`
}

/** 30 letters and digits. */
export function newAccessKeySecret(random: Random): string {
  return randomCharacters(30, ALPHANUMERIC, random)
}
