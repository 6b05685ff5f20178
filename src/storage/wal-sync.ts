// Makes SQLite's write-ahead log durable. A commit is durable once a sync that began after it has ended; commits that come while one runs
// share the next. The log is synced off the main thread, so that the server works on while the disk does. Where a few calls wait and nothing
// else is to be done, that costs more than the sync itself: while the disk is fast, the main thread syncs for them.
import { closeSync, fdatasyncSync, fsyncSync, openSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Unavailable } from './storage.ts'

/** A sync on the main thread is slow when it takes longer than this, or so many times as long as those of the other thread. */
const SLOW_MS = 1
const SLOW_TIMES = 2
/** After a slow sync, the main thread does none for so many times as long. */
const PAUSE = 20
/** How much the newest of the other thread's syncs counts for how long they take. */
const NEWEST = 0.1

export class WalSync {
  readonly #path: string
  readonly #monotonic: () => number
  #file: FileHandle | null = null
  #running: Promise<void> = Promise.resolve()
  #isRunning = false
  #next: Promise<void> | null = null
  #failure: Unavailable | null = null
  /** How long a sync of the other thread takes; an average of the last ones. */
  #elsewhereMs = SLOW_MS
  /** Until then the main thread does not sync. */
  #pausedUntil = 0

  /** `path` is the database's; its log lies beside it while a connection is open. `monotonic` is a clock in milliseconds. */
  constructor(path: string, monotonic = () => performance.now()) {
    this.#path = `${path}-wal`
    this.#monotonic = monotonic
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

  /**
   * Does what `synced` does, on the main thread, if that is open for it: returns whether everything that was written is on disk now. Throws
   * where `synced` would reject.
   */
  syncedNow(): boolean {
    if (!this.#file || this.#isRunning || this.#next || this.#failure) return false
    const begin = this.#monotonic()
    if (begin < this.#pausedUntil) return false
    try {
      fdatasyncSync(this.#file.fd)
    } catch (error) {
      throw this.#failed(error)
    }
    const end = this.#monotonic()
    const ms = end - begin
    // Where others compete for the processor, a thread that slept gets it sooner than the busy main thread.
    if (ms > SLOW_MS || ms > SLOW_TIMES * this.#elsewhereMs) this.#pausedUntil = end + PAUSE * ms
    return true
  }

  async #sync(): Promise<void> {
    this.#isRunning = true
    try {
      this.#file ??= await this.#open()
      const begin = this.#monotonic()
      await this.#file.datasync()
      this.#elsewhereMs += NEWEST * (this.#monotonic() - begin - this.#elsewhereMs)
    } catch (error) {
      throw this.#failed(error)
    } finally {
      this.#isRunning = false
    }
  }

  #failed(error: unknown): Unavailable {
    const reason = error instanceof Error ? error.message : String(error)
    const failure = new Unavailable(`SQLite's log can't be brought to disk: ${reason}: repair the disk, then restart`, {
      cause: error,
    })
    this.#failure = failure
    return failure
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
