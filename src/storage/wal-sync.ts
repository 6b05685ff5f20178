// Makes SQLite's write-ahead log durable off the main thread, so that the server works on while the disk does. A commit is durable once
// a sync that began after it has ended; commits that come while one runs share the next.
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

  /** `path` is the database's; its log lies beside it while a connection is open. */
  constructor(path: string) {
    this.#path = `${path}-wal`
  }

  /** Why nothing more can be made durable, or null. */
  get failure(): Unavailable | null {
    return this.#failure
  }

  /**
   * Resolves when everything that was written before the call is on disk. After a failed sync it rejects until a restart, since nothing
   * tells which writes were lost.
   */
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
        `SQLite's log can't be brought to disk: ${reason}: repair the disk, then restart`,
        { cause: error },
      )
      throw this.#failure
    }
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#path, 'r+')
    // The name of the log must survive a power cut, too.
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
