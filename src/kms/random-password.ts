// Random passwords: for GetRandomPassword, and for accounts whose password a rotation changes.
import { type Random, randomCharacters } from '../ram/identifiers.ts'

/** The characters of each type. */
export const CHARACTERS = {
  lowercase: 'abcdefghijklmnopqrstuvwxyz',
  uppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  numbers: '0123456789',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
} as const

interface Wanted {
  /** In characters; at least as many as there are types. */
  readonly length: number
  /** The characters of each included type; none is empty. */
  readonly types: readonly string[]
  /** Whether a character of each type must occur. */
  readonly eachType: boolean
}

/** Returns a password that meets the requirements. All such passwords have the same probability. */
export function randomPassword({ length, types, eachType }: Wanted, random: Random): string {
  const characters = types.join('')
  // Rejection sampling: placing a character of each type deliberately would make some passwords likelier than others.
  for (;;) {
    const password = randomCharacters(length, characters, random)
    if (!eachType || types.every((type) => [...type].some((character) => password.includes(character)))) return password
  }
}
