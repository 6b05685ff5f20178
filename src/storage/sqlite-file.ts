// Whether the file of a SQLite database is there: opening a missing one would create it.
import { statSync } from 'node:fs'
import { Unavailable } from './storage.ts'

/** Throws Unavailable when this user can't tell. */
export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    throw new Unavailable(
      `this user can't read \`${path}\` (${(error as NodeJS.ErrnoException).code}): run this command as the user of the server`,
      { cause: error },
    )
  }
}
