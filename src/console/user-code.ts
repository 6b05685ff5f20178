// Codes that people type: eight consonants, which spell no word and are hard to confuse (RFC 8628, 6.1).
import { refuse } from '../api/errors.ts'
import { type Random, randomCharacters } from '../ram/identifiers.ts'

const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const LENGTH = 8

/** How long a code may be typed and decided on. */
export const CODE_MS = 10 * 60_000

export function newUserCode(random: Random): string {
  return randomCharacters(LENGTH, LETTERS, random)
}

/** A code as it is kept: blanks, hyphens and case make no difference. Refuses with InvalidParameter what can be no code. */
export function plainCode(typed: string): string {
  const code = typed.replace(/[\s-]/g, '').toUpperCase()
  if (code.length === LENGTH && [...code].every((letter) => LETTERS.includes(letter))) return code
  throw refuse('InvalidParameter', { name: 'UserCode', rule: 'Eight letters, such as BCDF-GHJK.' })
}
