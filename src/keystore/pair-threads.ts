// Threads that work with key pairs, so that calls with symmetric keys do not wait for that work. Pairs are generated in a separate thread, so
// that signatures do not wait for key generation.
import { Worker } from 'node:worker_threads'
import { beside } from '../runtime/beside.ts'
import { FairQueue } from './fair-queue.ts'
import type { KeySpec } from './key-spec.ts'
import { Unreachable } from './keystore.ts'
import type { Answer, Pair, PairWork, Question, Work, Works } from './pair-work.ts'
import { post } from './post.ts'

/** How many requests of all accounts may wait for the threads that use keys, and for the thread that generates pairs. */
const MOST_USES_WAITING = 256
const MOST_PAIRS_WAITING = 16

/** The threads of a process. Each starts when it is first needed. */
export class PairThreads implements PairWork {
  readonly #using: Threads
  readonly #making = new Threads(1, MOST_PAIRS_WAITING)

  /** `threads`: how many threads use keys; as many as there are cores without other work. */
  constructor(threads: number) {
    this.#using = new Threads(threads, MOST_USES_WAITING)
  }

  make(account: string, keySpec: KeySpec): Promise<Pair> {
    return this.#making.ask(account, 'make', { keySpec })
  }

  sign(account: string, ask: Works['sign']['ask']): Promise<Uint8Array> {
    return this.#using.ask(account, 'sign', ask)
  }

  decrypt(account: string, ask: Works['decrypt']['ask']): Promise<Uint8Array | null> {
    return this.#using.ask(account, 'decrypt', ask)
  }

  verify(account: string, ask: Works['verify']['ask']): Promise<boolean> {
    return this.#using.ask(account, 'verify', ask)
  }

  encrypt(account: string, ask: Works['encrypt']['ask']): Promise<Uint8Array> {
    return this.#using.ask(account, 'encrypt', ask)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#using.stop(), this.#making.stop()])
  }
}

interface Waiting {
  readonly question: Question
  readonly resolve: (answer: never) => void
  readonly reject: (error: Error) => void
}

/** How many requests a thread has at a time: with two, the next is there when it has finished one. */
const AT_A_TIME = 2

class Threads {
  readonly #most: number
  readonly #threads = new Set<Thread>()
  readonly #waiting: FairQueue<Waiting>
  #asked = 0
  #hasStopped = false

  constructor(most: number, mostWaiting: number) {
    this.#most = most
    this.#waiting = new FairQueue(mostWaiting)
  }

  ask<W extends Work>(account: string, work: W, ask: Works[W]['ask']): Promise<Works[W]['answer']> {
    const question = { ...ask, number: ++this.#asked, work } as Question
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { question, resolve, reject }
      if (this.#hasStopped) return refuse(waiting, STOPS)
      const loser = this.#waiting.add(account, waiting)
      if (loser) refuse(loser, 'too much work with asymmetric keys waits')
      this.#next()
    })
  }

  /** Ends the threads. Waiting and running work fails. */
  async stop(): Promise<void> {
    this.#hasStopped = true
    for (const waiting of this.#waiting.drain()) refuse(waiting, STOPS)
    await Promise.all([...this.#threads].map((thread) => thread.stop()))
  }

  /** Hands waiting work to threads that have room for it. */
  #next(): void {
    for (let thread = this.#free(); thread; thread = this.#free()) {
      const next = this.#waiting.next()
      if (!next) return
      thread.take(next)
    }
  }

  /** The least busy thread; a new thread, if allowed, in place of a busy one. null when all threads have AT_A_TIME requests. */
  #free(): Thread | null {
    if (this.#waiting.isEmpty) return null
    const [least] = [...this.#threads].sort((a, b) => a.busy - b.busy)
    if (least?.busy === 0) return least
    if (this.#threads.size < this.#most) return this.#begin()
    return least && least.busy < AT_A_TIME ? least : null
  }

  #begin(): Thread {
    const thread = new Thread(
      () => this.#next(),
      () => void this.#threads.delete(thread),
    )
    this.#threads.add(thread)
    return thread
  }
}

class Thread {
  readonly #worker = new Worker(beside('pair-thread', import.meta.url), {
    // node:ffi warns that it is experimental. The runtime is pinned, and tests cover the functions in use.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  })
  readonly #working = new Map<number, Waiting>()

  constructor(freed: () => void, ended: () => void) {
    this.#worker.unref()
    this.#worker.on('message', (answer: Answer) => {
      this.#answered(answer)
      freed()
    })
    const end = (why: string) => {
      ended()
      const lost = [...this.#working.values()]
      this.#working.clear()
      for (const { reject } of lost) reject(new Unreachable(`a thread for asymmetric keys ended: ${why}`))
      freed()
    }
    this.#worker.on('error', (error) => end(String(error)))
    this.#worker.on('exit', (code) => end(`code ${code}`))
  }

  get busy(): number {
    return this.#working.size
  }

  take(waiting: Waiting): void {
    this.#working.set(waiting.question.number, waiting)
    this.#worker.ref()
    post(this.#worker, waiting.question)
    wipe(waiting.question)
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }

  #answered(answer: Answer): void {
    const waiting = this.#working.get(answer.number)
    this.#working.delete(answer.number)
    if (this.#working.size === 0) this.#worker.unref()
    if ('failure' in answer) waiting?.reject(new Error(answer.failure))
    else waiting?.resolve(answer.answer as never)
  }
}

const STOPS = 'the service stops'

/** Refuses work that no thread has. */
function refuse({ question, reject }: Waiting, why: string): void {
  wipe(question)
  reject(new Unreachable(why, false))
}

/** Overwrites a private key in bytes. The thread has its own copy. */
function wipe(question: Question): void {
  if ('key' in question && question.key instanceof Uint8Array) question.key.fill(0)
}
