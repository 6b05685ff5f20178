// Makes SQLite's write-ahead log durable. A commit is durable once a sync that began after it has ended; commits during a sync share the
// next one. Syncs run in another thread, so that the server works meanwhile. For a few waiting calls and nothing else to do, the switch of
// threads costs more than the sync: while the disk is fast, the main thread then syncs by itself.
import { closeSync, fdatasyncSync, fsyncSync, openSync, realpathSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Unavailable } from './storage.ts'

/** A sync on the main thread counts as slow when it takes longer than SLOW_MS, or SLOW_TIMES as long as the other thread's syncs. */
const SLOW_MS = 1
const SLOW_TIMES = 2
/** After a slow sync, the main thread pauses its syncs for this multiple of the sync's time. */
const PAUSE = 20
/** The weight of the newest sync in the average time of the other thread's syncs. */
const NEWEST = 0.1

/** The log of the database at `path`. It is beside the database itself, not beside a symbolic link to it, while a connection is open. */
const logOf = (path: string) => `${realpathSync(path)}-wal`

/** Makes everything durable that any process has written to the log of the database at `path`. Throws Unavailable. */
export function syncLog(path: string): void {
  try {
    const log = logOf(path)
    syncing(log, fdatasyncSync)
    syncFolderOf(log)
  } catch (error) {
    throw unsynced(error, 'repair the disk')
  }
}

function unsynced(error: unknown, remedy: string): Unavailable {
  const reason = error instanceof Error ? error.message : String(error)
  return new Unavailable(`SQLite's log can't be synced to disk: ${reason}: ${remedy}`, { cause: error })
}

/** The log's name must survive a power cut as well. */
function syncFolderOf(log: string): void {
  syncing(dirname(log), fsyncSync)
}

function syncing(path: string, sync: (file: number) => void): void {
  const file = openSync(path, 'r')
  try {
    sync(file)
  } finally {
    closeSync(file)
  }
}

export class WalSync {
  readonly #path: string
  readonly #monotonic: () => number
  #file: FileHandle | null = null
  #running: Promise<void> = Promise.resolve()
  #isRunning = false
  #next: Promise<void> | null = null
  #failure: Unavailable | null = null
  /** The average time of the other thread's last syncs. */
  #elsewhereMs = SLOW_MS
  /** The end of the main thread's pause. */
  #pausedUntil = 0

  /** `path` is the database's path. `monotonic` is a clock in milliseconds. */
  constructor(path: string, monotonic = () => performance.now()) {
    this.#path = path
    this.#monotonic = monotonic
  }

  /** Why nothing more can be made durable; or null. */
  get failure(): Unavailable | null {
    return this.#failure
  }

  /**
   * Resolves when everything written before this call is on disk. After a failed sync it rejects until a restart: nobody knows which writes
   * were lost.
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
   * Syncs on the main thread, if that makes sense now. Returns whether everything written is on disk. Throws where `synced` would reject.
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
    // When others compete for the processor, a thread that slept gets it sooner than the busy main thread.
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
    const failure = unsynced(error, 'repair the disk, then restart')
    this.#failure = failure
    return failure
  }

  async #open(): Promise<FileHandle> {
    const log = logOf(this.#path)
    syncFolderOf(log)
    return open(log, 'r+')
  }

  async close(): Promise<void> {
    await this.#running.catch(() => {})
    await this.#file?.close()
  }
}
