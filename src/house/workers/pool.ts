// The workers of a server: as many processes as the settings say. A worker that ends is started again, after growing pauses.
import type { Dealer } from '../../gateway/dealing.ts'
import type { Counted } from '../../gateway/metrics.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { ChannelClosed } from '../../storage/remote/channel.ts'
import type { Log } from '../log.ts'
import { Member, type Service } from './member.ts'
import type { Beginning } from './protocol.ts'

/** The pause before a worker starts again. It doubles with each worker that ends soon, up to the longest. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000
/** A worker that served this long did not end because of its start. */
const SETTLED_MS = 60_000
/** How much longer than its calls a worker may take to end. */
const END_MS = 2000
/** How long a worker may take to start: it waits for the database, and for the HSM that unwraps the root keys. */
const START_MS = 60_000
/** How often the owner asks a worker for a sign of life, and after how many missing answers it ends the worker. */
const BEAT_MS = 1000
const SILENT_BEATS = 10
/** How long a worker may take to report its metrics or its readiness; after that, its last report counts, or none. */
const COUNT_MS = 1000

const LEFT = 'the lanes of a worker that ended could not be released; they are released when the server stops'

export interface Surroundings {
  readonly dealer: Dealer
  readonly service: Omit<Service, 'broken'>
  readonly workers: number
  /** What a worker gets that starts now. */
  readonly beginning: () => Beginning
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly runtime: Runtime
  readonly log: Log
  /** Releases what a worker held that did not end by itself. */
  readonly clearAway: (pid: number | undefined) => Promise<unknown>
}

export class Pool {
  readonly #around: Surroundings
  readonly #members = new Set<Member>()
  /** The last metrics that each worker reported. */
  readonly #counted = new Map<Member, Counted>()
  /** The lasting metrics of the workers that have ended. */
  #former: Counted = []
  readonly #stopping = new AbortController()
  #kept: readonly Promise<void>[] = []

  constructor(around: Surroundings) {
    this.#around = around
  }

  /**
   * Starts the workers; resolves when all serve. When one fails to start, ends the others and rejects with an error that says what to
   * change.
   */
  async start(): Promise<void> {
    const { workers } = this.#around
    try {
      const members = await Promise.all(Array.from({ length: workers }, () => this.#begin()))
      this.#kept = members.map((member) => this.#keep(member))
    } catch (error) {
      for (const member of this.#members) member.kill()
      throw error
    }
  }

  /** Makes the workers finish their calls and exit, and kills those that exceed the time. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort()
    for (const member of this.#members) member.stop(deadlineMs)
    const cancel = this.#around.runtime.after(deadlineMs + END_MS, () => {
      for (const member of this.#members) member.kill()
    })
    await Promise.all(this.#kept)
    cancel()
  }

  /** Whether every worker can commit calls. A worker that ends or gives no sign of life is replaced, and does not count. */
  async canCommit(): Promise<boolean> {
    const asked = [...this.#members].map((member) =>
      Promise.race([member.canCommit().catch(() => true), this.#around.runtime.pause(COUNT_MS).then(() => true)]),
    )
    return (await Promise.all(asked)).every(Boolean)
  }

  /** The metrics of all workers, ended ones included. */
  async counted(): Promise<readonly Counted[]> {
    const asked = [...this.#members].map(async (member) => {
      const late = this.#around.runtime.pause(COUNT_MS).then(() => null)
      const counted = await Promise.race([member.counted().catch(() => null), late])
      if (counted && this.#members.has(member)) this.#counted.set(member, counted)
    })
    await Promise.all(asked)
    return [this.#former, ...this.#counted.values()]
  }

  /** Starts a worker; resolves when it serves. */
  async #begin(): Promise<Member> {
    const { service, beginning, environment, dealer, runtime, log } = this.#around
    const broken = (error: Error) => log.error({ reason: error.message }, 'a message from a worker can not be read')
    const member = new Member(environment, { ...service, broken })
    this.#members.add(member)
    const left = member.ended.then((how) => {
      this.#members.delete(member)
      throw new Error(`a worker ended at its start: ${how}`)
    })
    left.catch(() => {})
    const cancel = runtime.after(START_MS, () => member.kill())
    // When the channel closes, the rejection says how the process ended.
    await member
      .begin(beginning())
      .catch(async (error: unknown) => {
        if (error instanceof ChannelClosed) await left
        member.kill()
        throw error
      })
      .finally(cancel)
    dealer.join(member)
    return member
  }

  /** Keeps one worker in its place until the server stops. */
  async #keep(first: Member): Promise<void> {
    const { dealer, runtime, log, clearAway } = this.#around
    const { signal } = this.#stopping
    let pauseMs = FIRST_PAUSE_MS
    for (let member: Member | null = first; ; ) {
      const began = runtime.monotonic()
      if (member) {
        void this.#watch(member)
        const how = await member.ended
        dealer.leave(member)
        await this.#remember(member)
        if (signal.aborted) return
        log.error({ how }, 'a worker ended, and is restarted: its calls in flight have failed')
        await clearAway(member.pid).catch((error: unknown) => log.error({ reason: String(error) }, LEFT))
        if (runtime.monotonic() - began >= SETTLED_MS) pauseMs = FIRST_PAUSE_MS
      }
      await runtime.pause(pauseMs, signal)
      if (signal.aborted) return
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
      member = await this.#begin().catch((error: unknown) => {
        log.error({ reason: String(error) }, 'a worker could not be started, and will be started again')
        return null
      })
    }
  }

  /** Ends a worker that gives no sign of life: its clients would wait for ever. */
  async #watch(member: Member): Promise<void> {
    const { runtime, log } = this.#around
    const { signal } = this.#stopping
    for (; this.#members.has(member) && !signal.aborted; await runtime.pause(BEAT_MS, signal)) {
      if (member.beat() < SILENT_BEATS) continue
      log.error({ pid: member.pid }, `a worker has not replied for ${SILENT_BEATS} seconds, and is killed`)
      return member.kill()
    }
  }

  async #remember(member: Member): Promise<void> {
    const counted = this.#counted.get(member)
    this.#counted.delete(member)
    if (!counted) return
    const { lasting } = await import('../../gateway/metrics.ts')
    this.#former = await lasting([this.#former, counted])
  }
}
