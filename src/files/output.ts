// A file that appears under its name when all of it is on disk, or not at all. Tests: test/files/files.test.ts.
import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Random } from '../cryptography/age-stream.ts'

export interface NewFileOptions {
  /** Its permissions, less those that the process's umask takes away. */
  readonly mode: number
  /** What to do where there is such a file already, as the end of the error that says so; null to replace the file. */
  readonly remedy: string | null
  readonly random: Random
}

/** What file systems without hard links answer to a link. */
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

  /** Begins the file. Rejects when there is such a file, unless this one replaces it. */
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

  /** Gives the file its name, once it is on disk. */
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

  /** Removes what was not kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
    await rm(this.#temporary, { force: true })
  }
}

/** Makes a file, for its owner alone, of all the chunks, or none. Rejects where there is such a file already, with the remedy. */
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
  return new Error(`\`${path}\` is there already: ${remedy}`)
}
