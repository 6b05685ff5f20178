// One process that works for the server, seen from the owner of the database.
import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Taker } from '../../gateway/dealing.ts'
import type { Counted } from '../../gateway/metrics.ts'
import { beside } from '../../runtime/beside.ts'
import { Channel, type Packed } from '../../storage/remote/channel.ts'
import { type Beginning, CHANNEL_FD, ERRORS, type OwnerMethods, type Sent, type WorkerMethods } from './protocol.ts'

const PROGRAM = fileURLToPath(beside('worker', import.meta.url))
const IMPORTS = beside('../../imports', import.meta.url).href

/** What the owner does for it. */
export interface Service {
  methods(taker: Taker): OwnerMethods
  packed(request: Packed): Promise<Packed>
  /** The channel ended because of what came through it. */
  broken(why: Error): void
}

export class Member implements Taker {
  readonly #process: ChildProcess
  readonly #channel: Channel<WorkerMethods>
  /** How many times it was asked for a sign of life since the one that it has not given yet. */
  #missed = 0
  #isAsked = false
  /** How it ended: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>

  constructor(environment: Readonly<Record<string, string | undefined>>, service: Service) {
    this.#process = fork(PROGRAM, [], {
      env: environment,
      execArgv: [...process.execArgv, `--import=${IMPORTS}`],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
    })
    this.ended = new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
      this.#process.once('error', (error) => resolve(error.message))
    })
    this.#channel = new Channel(this.#process.stdio[CHANNEL_FD] as Duplex, {
      methods: service.methods(this),
      packed: (request) => service.packed(request),
      errors: ERRORS,
      closed: (why) => {
        if (why) service.broken(why)
        // Without its channel it is of no use.
        this.kill()
      },
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Resolves when it serves. Rejects with what to change, or when it ends. */
  begin(beginning: Beginning): Promise<void> {
    return this.#channel.ask('begin', beginning)
  }

  /**
   * Asks for a sign of life; returns how many times before it asked without getting one. The time is measured so, since no worker is silent
   * while all processes are paused.
   */
  beat(): number {
    if (this.#isAsked) return ++this.#missed
    this.#isAsked = true
    this.#channel.ask('beat').then(
      () => {
        this.#isAsked = false
        this.#missed = 0
      },
      // Its end says it.
      () => {},
    )
    return 0
  }

  get silent(): boolean {
    return this.#missed > 1
  }

  take(number: number, address: number, socket: Socket, sent: () => void): void {
    if (!this.#process.connected) return void sent()
    this.#process.send({ number, address } satisfies Sent, socket, { keepOpen: true }, sent)
  }

  giveWay(number: number): void {
    this.#send({ giveWay: number })
  }

  /** What it counted; rejects when it is gone. */
  counted(): Promise<Counted> {
    return this.#channel.ask('counted')
  }

  /** Has it end its calls, and itself, within the time; behind the connections that it was sent. */
  stop(stopWithinMs: number): void {
    this.#send({ stopWithinMs })
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }

  #send(sent: Sent): void {
    if (this.#process.connected) this.#process.send(sent, () => {})
  }
}
