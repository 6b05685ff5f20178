import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes a file (mode 0600) with all of the text, or none; on disk when this returns. Throws EEXIST where there is one already. */
export function writeNewFile(path: string, text: string): void {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.new`
  try {
    flushed(temporary, 'wx', (file) => writeFileSync(file, text))
    linkSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
  flushed(dirname(path), 'r', () => {})
}

function flushed(path: string, flags: string, work: (file: number) => void): void {
  const file = openSync(path, flags, 0o600)
  try {
    work(file)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
