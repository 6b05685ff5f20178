// Files of one user (mode 0600) that are never half written, and are on disk when the work on them is done.
import { randomBytes } from 'node:crypto'
import { link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes the file. Throws EEXIST where there is one already. */
export async function makeFile(path: string, text: string): Promise<void> {
  await placeFile(path, text, (written) => link(written, path))
}

/** Makes the file, or takes the place of the one that is there. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await placeFile(path, text, (written) => rename(written, path))
}

/** Writes the text beside `path`, and has `place` put that file there, or leave it: of what is not put there, nothing is left. */
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
