import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { type FileHandle, link, open, rm } from 'node:fs/promises'
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

/** The same for a stream: the file gets its name when all of it is on disk. Rejects with EEXIST where there is one already. */
export async function streamNewFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.new`
  try {
    await using file = await open(temporary, 'wx', 0o600)
    for await (const chunk of chunks) await writeAll(file, chunk)
    await file.sync()
    await link(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten
}
