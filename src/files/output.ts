// A file that appears under its name when all of it is on disk, or not at all. Tests: test/files/files.test.ts.
import { type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Random } from '../cryptography/age-stream.ts'

/** What file systems without hard links answer to a link. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

export class NewFile implements AsyncDisposable {
  readonly #path: string
  readonly #temporary: string
  readonly #replaces: boolean
  readonly #file: FileHandle

  private constructor(path: string, temporary: string, replaces: boolean, file: FileHandle) {
    this.#path = path
    this.#temporary = temporary
    this.#replaces = replaces
    this.#file = file
  }

  /** Begins the file, and makes its folder. Rejects when there is such a file, unless this one replaces it. */
  static async begin(path: string, { replaces, random }: { replaces: boolean; random: Random }): Promise<NewFile> {
    if (!replaces) await demandNone(path)
    await mkdir(dirname(path), { recursive: true })
    const temporary = `${path}.${random(8).toString('hex')}.part`
    return new NewFile(path, temporary, replaces, await open(temporary, 'wx', 0o600))
  }

  /** Writes the parts, which nobody may use afterwards. */
  async write(parts: readonly Buffer[]): Promise<void> {
    for (let left = parts; left.length > 0; ) {
      let { bytesWritten } = await this.#file.writev(left)
      const at = left.findIndex(({ length }) => {
        if (bytesWritten < length) return true
        bytesWritten -= length
        return false
      })
      left = at < 0 ? [] : [left[at]?.subarray(bytesWritten) ?? Buffer.alloc(0), ...left.slice(at + 1)]
    }
    for (const part of parts) release(part)
  }

  /** Gives the file its permissions and, once it is on disk, its name. */
  async keep(mode: number): Promise<void> {
    await this.#file.chmod(mode & 0o777)
    await this.#file.sync()
    if (this.#replaces) await rename(this.#temporary, this.#path)
    else await this.#name()
    await using folder = await open(dirname(this.#path), 'r')
    await folder.sync()
  }

  async #name(): Promise<void> {
    try {
      await link(this.#temporary, this.#path)
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') throw alreadyThere(this.#path)
      if (!NO_LINKS.includes(code)) throw error
      await demandNone(this.#path)
      await rename(this.#temporary, this.#path)
    }
  }

  /** Removes what was not kept. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
    await rm(this.#temporary, { force: true })
  }
}

/** Frees the memory of a buffer at once, so that the next one is in the processor's cache: a collection would come many megabytes later. */
function release({ buffer, length }: Buffer): void {
  // Short ones share their memory with others.
  if (length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
}

async function demandNone(path: string): Promise<void> {
  if (await stat(path).catch(() => null)) throw alreadyThere(path)
}

function alreadyThere(path: string): Error {
  return new Error(`\`${path}\` is there already: say --force to replace it`)
}
