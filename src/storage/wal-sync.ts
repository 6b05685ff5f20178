// Makes SQLite's write-ahead log durable off the main thread: while the disk works, the server goes on. A commit counts once a sync
// that began after it has ended; whoever comes while one runs shares the next.
import { closeSync, fsyncSync, openSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Unavailable } from './storage.ts'

export class WalSync {
  readonly #path: string
  #file: FileHandle | null = null
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null
  #failure: Unavailable | null = null

  /** `path` is the database's; its log lies beside it while any connection is open. */
  constructor(path: string) {
    this.#path = `${path}-wal`
  }

  /** Why nothing more can be made durable, or null. */
  get failure(): Unavailable | null {
    return this.#failure
  }

  /** Resolves when all that was written before the call is on disk. Rejects, for good, once a sync failed: what it lost can't be told. */
  synced(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure)
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = null
        this.#running = this.#sync()
        return this.#running
      })
    return this.#next
  }

  async #sync(): Promise<void> {
    try {
      this.#file ??= await this.#open()
      await this.#file.datasync()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#failure = new Unavailable(
        `SQLite's log can't be brought to disk: ${reason}: mend the disk, then start anew`,
        { cause: error },
      )
      throw this.#failure
    }
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#path, 'r+')
    // The log's own name must outlast a power cut, too.
    const folder = openSync(dirname(this.#path), 'r')
    fsyncSync(folder)
    closeSync(folder)
    return file
  }

  async close(): Promise<void> {
    await this.#running.catch(() => {})
    await this.#file?.close()
  }
}
