// Files with credentials: only their owner can read them, and each write is atomic.
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { replaceFile } from '../runtime/whole-file.ts'
import type { Surroundings } from './surroundings.ts'

/** The text of a file; null where there is none, or where others could have read or written it. */
export function readPrivate(path: string, { readFile }: Surroundings): string | null {
  try {
    const { mode, uid } = statSync(path)
    return (mode & 0o077) === 0 && uid === process.getuid?.() ? readFile(path) : null
  } catch {
    return null
  }
}

/** Writes the file in one step, and creates its folder. Throws errors of the file system. */
export async function writePrivate(path: string, text: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  await replaceFile(path, text)
}
