// Searches in a SQLite database. They may go through the entries of many records, so a thread with its own connection does them, and calls
// run meanwhile. A search sees what is committed when it begins to read.
import { Worker } from 'node:worker_threads'
import { beside } from '../runtime/beside.ts'
import type { Columns } from './rows.ts'
import type { Bound } from './statement.ts'
import { Unavailable } from './storage.ts'

/** A request to the thread, and its answer. */
export interface Question {
  readonly number: number
  readonly bound: Bound
}
export type Answer = { readonly number: number } & (
  | { readonly rows: readonly Columns[] }
  | { readonly failure: string }
)

interface Waiting {
  readonly resolve: (rows: readonly Columns[]) => void
  readonly reject: (error: Unavailable) => void
}

export class SqliteSearches {
  readonly #path: string
  /** Starts with the first search. */
  #thread: Worker | null = null
  readonly #waiting = new Map<number, Waiting>()
  #asked = 0

  constructor(path: string) {
    this.#path = path
  }

  /** Runs a statement that changes nothing. Returns all of its rows. Throws Unavailable. */
  all(bound: Bound): Promise<readonly Columns[]> {
    const thread = this.#thread ?? this.#begin()
    const number = ++this.#asked
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject })
      thread.ref()
      thread.postMessage({ number, bound } satisfies Question)
    })
  }

  #begin(): Worker {
    const thread = new Worker(beside('sqlite-search-thread', import.meta.url), {
      workerData: this.#path,
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    thread.on('message', (answer: Answer) => {
      const waiting = this.#waiting.get(answer.number)
      this.#waiting.delete(answer.number)
      if (this.#waiting.size === 0) thread.unref()
      if ('rows' in answer) waiting?.resolve(answer.rows)
      else waiting?.reject(new Unavailable(`SQLite: ${answer.failure}`))
    })
    // The next search starts another thread. The exit event after an error must not end the searches of that one.
    const ended = (why: string) => {
      if (this.#thread !== thread) return
      this.#thread = null
      const lost = [...this.#waiting.values()]
      this.#waiting.clear()
      for (const { reject } of lost) reject(new Unavailable(`SQLite: the thread of searches ended: ${why}`))
    }
    thread.on('error', (error) => ended(String(error)))
    thread.on('exit', (code) => ended(`code ${code}`))
    this.#thread = thread
    return thread
  }

  async close(): Promise<void> {
    await this.#thread?.terminate()
  }
}
