// Codes that people type: eight consonants, which spell no word and are hard to confuse (RFC 8628, 6.1).
import { refuse } from '../api/errors.ts'
import { type Random, randomCharacters } from '../ram/identifiers.ts'

const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const LENGTH = 8

/** How long a code is valid for typing and deciding. */
export const CODE_MS = 10 * 60_000

export function newUserCode(random: Random): string {
  return randomCharacters(LENGTH, LETTERS, random)
}

/** The canonical form of a code, without blanks and hyphens, in one case. Refuses an invalid code with InvalidParameter. */
export function plainCode(typed: string): string {
  const code = typed.replace(/[\s-]/g, '').toUpperCase()
  if (code.length === LENGTH && [...code].every((letter) => LETTERS.includes(letter))) return code
  throw refuse('InvalidParameter', { name: 'UserCode', rule: 'Eight letters, such as BCDF-GHJK.' })
}
