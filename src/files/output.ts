// A new file that gets its name only when it is complete and on disk. Tests: test/files/files.test.ts.
import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Random } from '../cryptography/age-stream.ts'

export interface NewFileOptions {
  /** The file's permissions, reduced by the process's umask. */
  readonly mode: number
  /** The remedy in the error when the file already exists; null to replace the existing file. */
  readonly remedy: string | null
  readonly random: Random
}

/** The errors of `link` on file systems without hard links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

export class NewFile implements AsyncDisposable {
  readonly #path: string
  readonly #temporary: string
  readonly #remedy: string | null
  readonly #file: FileHandle

  private constructor(path: string, temporary: string, remedy: string | null, file: FileHandle) {
    this.#path = path
    this.#temporary = temporary
    this.#remedy = remedy
    this.#file = file
  }

  /** Creates the temporary file. Rejects when the file already exists, unless `remedy` is null. */
  static async begin(path: string, { mode, remedy, random }: NewFileOptions): Promise<NewFile> {
    if (remedy !== null) await demandNone(path, remedy)
    const temporary = `${path}.${random(8).toString('hex')}.part`
    return new NewFile(path, temporary, remedy, await open(temporary, 'wx', mode & 0o777))
  }

  async write(parts: readonly Uint8Array[]): Promise<void> {
    for (let left = parts; left.length > 0; ) {
      let { bytesWritten } = await this.#file.writev(left)
      const at = left.findIndex(({ length }) => {
        if (bytesWritten < length) return true
        bytesWritten -= length
        return false
      })
      left = at < 0 ? [] : [left[at]?.subarray(bytesWritten) ?? Buffer.alloc(0), ...left.slice(at + 1)]
    }
  }

  /** Syncs the file to disk and then gives it its name. */
  async keep(): Promise<void> {
    await this.#file.sync()
    if (this.#remedy === null) await rename(this.#temporary, this.#path)
    else await this.#name(this.#remedy)
    await using folder = await open(dirname(this.#path), 'r')
    await folder.sync()
  }

  async #name(remedy: string): Promise<void> {
    try {
      await link(this.#temporary, this.#path)
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') throw alreadyThere(this.#path, remedy)
      if (!NO_LINKS.includes(code)) throw error
      await demandNone(this.#path, remedy)
      await rename(this.#temporary, this.#path)
    }
  }

  /** Removes the temporary file unless it was kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
    await rm(this.#temporary, { force: true })
  }
}

/** Writes all chunks to a new file that only its owner can access, or creates no file. Rejects with the remedy where the file already exists. */
export async function streamNewFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  { remedy, random }: Pick<NewFileOptions, 'remedy' | 'random'>,
): Promise<void> {
  await using file = await NewFile.begin(path, { mode: 0o600, remedy, random })
  for await (const chunk of chunks) await file.write([chunk])
  await file.keep()
}

async function demandNone(path: string, remedy: string): Promise<void> {
  if (await stat(path).catch(() => null)) throw alreadyThere(path, remedy)
}

function alreadyThere(path: string, remedy: string): Error {
  return new Error(`\`${path}\` already exists: ${remedy}`)
}
