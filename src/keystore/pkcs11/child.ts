// The service's side of one process of the library. It sends numbered requests with deadlines, in batches. Each is answered or fails in time.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beside } from '../../runtime/beside.ts'
import {
  BATCH,
  type FromModule,
  monotonicMs,
  type News,
  type Opening,
  type Request,
  SLOW_WORKS,
  type ToModule,
  type Trouble,
  type Work,
  type Works,
} from './protocol.ts'

const TICK_MS = 25
/** A process whose library hangs for this multiple of the patience is killed. */
const GIVE_UP_FACTOR = 10
/** Work counts as stuck when it is overdue by this time and by its own time limit. */
const STUCK_MS = 5000
/** The limit on open and overdue requests. More would only wait and fail. */
const MAX_PENDING = 5000
/** The limit on open requests for slow work, which must leave room for others. */
const MAX_SLOW = 1000

/** The device did not do the requested work. */
export class Failed extends Error {
  readonly trouble: Trouble
  constructor(trouble: Trouble, reason: string) {
    super(reason)
    this.trouble = trouble
  }
}

interface Pending {
  readonly work: Work
  readonly expiresAt: number
  readonly withinMs: number
  resolve(answer: unknown): void
  reject(error: Failed): void
  /** Receives an answer that arrives after the deadline. */
  late(answer: unknown): void
}

interface Listener {
  news(news: News): void
  /** Receives a description when the library stops responding, and null when it responds again. */
  hangs(how: string | null): void
  /** Called when the library does other work, but one request is unfinished long after its time limit. */
  stuck(): void
  /** Called when the process ended, by itself or otherwise. */
  ended(): void
}

export class Child {
  readonly #process: ChildProcess
  readonly #listener: Listener
  readonly #pending = new Map<number, Pending>()
  /** Requests whose time limit has passed; their answers may still arrive. */
  readonly #overdue = new Map<number, Pending>()
  #batch: Request[] = []
  #number = 0
  #ticking: NodeJS.Timeout | null = null
  /** After this many ticks without a message from the process, while a request is open, the library counts as hung. */
  readonly #patienceTicks: number
  #silentTicks = 0
  #howItHangs = ''
  #isStuck = false
  #ended = false
  readonly #whenEmpty: (() => void)[] = []

  /** `patienceMs`: how long the library may be silent while a request is open. */
  constructor(
    opening: Opening,
    environment: Readonly<Record<string, string | undefined>>,
    patienceMs: number,
    listener: Listener,
  ) {
    this.#patienceTicks = Math.max(4, Math.floor(patienceMs / TICK_MS))
    const atOnce = opening.sessions * opening.tokens.length
    this.#process = fork(fileURLToPath(beside('module', import.meta.url)), [], {
      serialization: 'advanced',
      execArgv: ['--disable-sigusr1'],
      env: { ...environment, UV_THREADPOOL_SIZE: String(Math.min(128, Math.max(4, atOnce))) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#process.on('message', (message: FromModule) => {
      if (!this.answers) listener.hangs(null)
      this.#silentTicks = 0
      if ('replies' in message) this.#take(message.replies)
      else listener.news(message)
    })
    this.#listener = listener
    const end = () => {
      if (this.#ended) return
      this.#ended = true
      this.#failAll('the process of the PKCS #11 library ended')
      this.#settle()
      listener.ended()
    }
    this.#process.on('exit', end)
    this.#process.on('error', end)
    // This process does not delay the end of the service: it ends when the channel closes.
    this.#process.unref()
    this.#process.channel?.unref()
    this.#send({ open: opening })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Whether the library responds; false while it hangs. */
  get answers(): boolean {
    return !this.#ended && this.#silentTicks < this.#patienceTicks
  }

  /** Rejects with Failed within `withinMs`, or at once when the library hangs. `late` receives an answer after that. */
  ask<W extends Work>(
    work: W,
    ask: Works[W]['ask'],
    withinMs: number,
    late: (answer: Works[W]['answer']) => void = () => {},
  ): Promise<Works[W]['answer']> {
    if (!this.answers || this.#hasEnoughOf(work))
      return Promise.reject(
        this.answers ? new Failed('late', 'the HSM has too much to do') : new Failed('away', this.#howItHangs),
      )
    return new Promise<Works[W]['answer']>((resolve, reject) => {
      const expiresAt = monotonicMs() + withinMs
      const pending: Pending = {
        work,
        expiresAt,
        withinMs,
        resolve: resolve as Pending['resolve'],
        reject,
        late: late as Pending['late'],
      }
      this.#enqueue(work, ask, expiresAt, pending)
    })
  }

  #hasEnoughOf(work: Work): boolean {
    if (this.#pending.size + this.#overdue.size >= MAX_PENDING) return true
    if (this.#pending.size < MAX_SLOW || !SLOW_WORKS.has(work)) return false
    let slow = 0
    for (const other of this.#pending.values()) if (SLOW_WORKS.has(other.work)) slow++
    return slow >= MAX_SLOW
  }

  #enqueue<W extends Work>(work: W, ask: Works[W]['ask'], expiresAt: number, pending: Pending): void {
    const number = ++this.#number
    this.#pending.set(number, pending)
    this.#batch.push({ number, work, ask, expiresAt } as Request)
    if (this.#batch.length >= BATCH) this.#flush()
    else if (this.#batch.length === 1) setImmediate(() => this.#flush())
    // Ref'd: a pending request keeps the service alive.
    this.#ticking ??= setInterval(() => this.#tick(), TICK_MS)
  }

  #flush(): void {
    if (this.#batch.length === 0) return
    const requests = this.#batch
    this.#batch = []
    this.#send({ requests })
  }

  #tick(): void {
    if (this.#pending.size === 0) {
      if (this.#overdue.size === 0 || this.#ended) this.#settle()
      if (this.#overdue.size === 0) return
    }
    this.#silentTicks++
    if (this.#silentTicks === 2)
      this.#send({ requests: [{ number: 0, work: 'ping', ask: {}, expiresAt: monotonicMs() + 10_000 }] })
    if (this.#silentTicks === this.#patienceTicks) this.#hang()
    // Slow work may take as long as its time limit allows.
    if (this.#silentTicks >= this.#patienceTicks * GIVE_UP_FACTOR && !this.#slowWork) this.kill()
    const now = monotonicMs()
    for (const { expiresAt, withinMs } of this.#overdue.values())
      if (!this.#isStuck && now - expiresAt > Math.max(STUCK_MS, withinMs)) {
        this.#isStuck = true
        this.#listener.stuck()
      }
    for (const [number, pending] of this.#pending) {
      if (pending.expiresAt > now) continue
      this.#pending.delete(number)
      this.#overdue.set(number, pending)
      pending.reject(new Failed('late', `the HSM did not do \`${pending.work}\` in time`))
    }
  }

  /** Open slow work, whose time limit has not passed. */
  get #slowWork(): Work | undefined {
    for (const { work } of this.#pending.values()) if (SLOW_WORKS.has(work)) return work
    return undefined
  }

  #hang(): void {
    const slow = this.#slowWork
    this.#howItHangs = slow
      ? `the PKCS #11 library hangs, or does nothing else while it does \`${slow}\``
      : 'the PKCS #11 library hangs'
    this.#failAll(this.#howItHangs, SLOW_WORKS)
    this.#listener.hangs(this.#howItHangs)
  }

  #settle(): void {
    if (this.#ticking) clearInterval(this.#ticking)
    this.#ticking = null
    for (const resolve of this.#whenEmpty.splice(0)) resolve()
  }

  #take(replies: readonly { number: number; answer?: unknown; trouble?: Trouble; reason?: string }[]): void {
    for (const { number, answer, trouble, reason = '' } of replies) {
      const overdue = this.#overdue.get(number)
      if (overdue) {
        this.#overdue.delete(number)
        if (trouble === undefined) overdue.late(answer)
        continue
      }
      const pending = this.#pending.get(number)
      if (!pending) continue
      this.#pending.delete(number)
      if (trouble === undefined) pending.resolve(answer)
      else pending.reject(new Failed(trouble, reason))
    }
  }

  #failAll(reason: string, except: ReadonlySet<Work> = new Set()): void {
    for (const [number, pending] of this.#pending) {
      if (except.has(pending.work)) continue
      this.#pending.delete(number)
      this.#overdue.set(number, pending)
      pending.reject(new Failed('away', reason))
    }
    if (this.#ended) this.#overdue.clear()
  }

  #send(message: ToModule): void {
    if (this.#process.connected) this.#process.send(message, () => {})
  }

  /** Informs the process which tokens refused the same PIN in another process. */
  tellRefused(refused: readonly string[]): void {
    this.#send({ refused })
  }

  /** Ends the process once its open requests are answered, at the latest after `deadlineMs`. */
  async retire(deadlineMs: number): Promise<void> {
    if (this.#ended) return
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty.push(resolve)
      setTimeout(resolve, deadlineMs).unref()
    })
    if (this.#ticking) await empty
    const exited = new Promise<void>((resolve) => {
      if (this.#ended) resolve()
      else this.#process.once('exit', () => resolve())
    })
    if (this.#process.connected) this.#process.disconnect()
    const late = setTimeout(() => this.kill(), 1000)
    await exited
    clearTimeout(late)
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }
}
