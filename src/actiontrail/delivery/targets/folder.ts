// A folder that holds buckets: `<folder>/<account>/<bucket>/<key>`. Buckets are created on demand. An object appears under its name only
// when it is complete on disk.
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type BucketState, type DeliveryTarget, TargetFault } from './target.ts'

/** Temporary names begin with a dot; names of objects never do. */
const UNFINISHED = '.unfinished-'

export class FolderTarget implements DeliveryTarget {
  readonly shared = false
  readonly #folder: string
  /** Distinguishes the servers that write to the same folder. */
  readonly #node: string
  #written = 0

  constructor(folder: string, node: string) {
    this.#folder = folder
    this.#node = node
  }

  async check(account: string, bucket: string): Promise<BucketState> {
    try {
      const folder = join(this.#folder, ...segments([account, bucket].join('/')))
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const probe = join(folder, `${UNFINISHED}${this.#node}-check`)
      await (await open(probe, 'w', 0o600)).close()
      await rm(probe, { force: true })
      return 'writable'
    } catch (error) {
      return faultOf(error).state
    }
  }

  async put(account: string, bucket: string, key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    try {
      const path = join(this.#folder, ...segments([account, bucket, key].join('/')))
      const folder = dirname(path)
      const created = await mkdir(folder, { recursive: true, mode: 0o700 })
      const unfinished = join(folder, `${UNFINISHED}${this.#node}-${++this.#written}`)
      try {
        await writeDurably(unfinished, bytes, signal)
        await rename(unfinished, path)
      } catch (error) {
        await rm(unfinished, { force: true }).catch(() => {})
        throw error
      }
      // A file's name is durable once its folder is synced; a new folder's name, once its parent is.
      for (let current = folder; ; current = dirname(current)) {
        await syncFolder(current)
        if (created === undefined || current === dirname(created) || current === dirname(current)) break
      }
    } catch (error) {
      throw faultOf(error)
    }
  }
}

/** The segments of a path below the folder. Throws TargetFault for a segment that could lead out of the folder. */
function segments(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '')
  if (!parts.every((part) => /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/.test(part))) throw new TargetFault('denied')
  return parts
}

async function writeDurably(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(bytes, { signal })
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function faultOf(error: unknown): TargetFault {
  if (error instanceof TargetFault) return error
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return new TargetFault(code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? 'denied' : 'unreachable', code)
}
