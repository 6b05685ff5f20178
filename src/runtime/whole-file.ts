// Atomic writes of files that only the user can read (mode 0600). A file is on disk when its function resolves.
import { randomBytes } from 'node:crypto'
import { link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Creates the file. Throws EEXIST where it exists. */
export async function makeFile(path: string, text: string): Promise<void> {
  await placeFile(path, text, (written) => link(written, path))
}

/** Creates or replaces the file. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await placeFile(path, text, (written) => rename(written, path))
}

/**
 * Writes the text to a temporary file beside `path`. `place` moves or links that file to its place, or leaves it. Afterwards the temporary
 * file is removed.
 */
export async function placeFile(path: string, text: string, place: (written: string) => Promise<void>): Promise<void> {
  const written = `${path}.${randomBytes(8).toString('hex')}.new`
  try {
    await using file = await open(written, 'wx', 0o600)
    await file.writeFile(text)
    await file.sync()
    await place(written)
  } finally {
    await rm(written, { force: true })
  }
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
}
