// A worker, as the owner of the database sees it.
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

/** What the owner does for the worker. */
export interface Service {
  methods(taker: Taker): OwnerMethods
  packed(request: Packed): Promise<Packed>
  /** The channel ended because a message on it could not be read. */
  broken(why: Error): void
}

export class Member implements Taker {
  readonly #process: ChildProcess
  readonly #channel: Channel<WorkerMethods>
  /** How many beats have passed since the beat that the worker has not answered. */
  #missed = 0
  #isAsked = false
  /** How the process ended: `exit code 1`, `signal SIGKILL`. */
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
        // A worker without its channel can't serve.
        this.kill()
      },
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Resolves when the worker serves. Rejects with an error that says what to change, or when the worker ends. */
  begin(beginning: Beginning): Promise<void> {
    return this.#channel.ask('begin', beginning)
  }

  /**
   * Asks for a sign of life. Returns the number of beats without an answer. Beats measure the silence, not a clock: when the whole machine
   * pauses, the owner's beats pause as well.
   */
  beat(): number {
    if (this.#isAsked) return ++this.#missed
    this.#isAsked = true
    this.#channel.ask('beat').then(
      () => {
        this.#isAsked = false
        this.#missed = 0
      },
      // `ended` reports that the worker is gone.
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

  /** The worker's metrics. Rejects when the worker is gone. */
  counted(): Promise<Counted> {
    return this.#channel.ask('counted')
  }

  /** Whether the worker can commit calls. Rejects when the worker is gone. */
  canCommit(): Promise<boolean> {
    return this.#channel.ask('canCommit')
  }

  /**
   * Makes the worker finish its calls within the time, and exit. The message takes the way of the connections, after all that were sent.
   */
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
