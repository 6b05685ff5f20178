// One process that works for the server, seen from the owner of the database.
import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Taker } from '../../gateway/dealing.ts'
import type { Counted } from '../../gateway/metrics.ts'
import { Channel, type Packed } from '../../storage/remote/channel.ts'
import { type Beginning, CHANNEL_FD, ERRORS, type OwnerMethods, type Sent, type WorkerMethods } from './protocol.ts'

const PROGRAM = fileURLToPath(new URL('./worker.ts', import.meta.url))

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
  /** Connections that wait for their way to the process. */
  readonly #inHand = new Set<Socket>()
  /** How it ended: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>

  constructor(environment: Readonly<Record<string, string | undefined>>, service: Service) {
    this.#process = fork(PROGRAM, [], { env: environment, stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'] })
    this.ended = new Promise((resolve) => {
      this.#process.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
      this.#process.once('error', (error) => resolve(error.message))
    })
    void this.ended.then(() => {
      for (const socket of this.#inHand) socket.destroy()
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

  take(number: number, address: number, socket: Socket): void {
    // Once it is on its way, the system keeps it open for the other process.
    const handedOver = () => {
      this.#inHand.delete(socket)
      socket.destroy()
    }
    if (!this.#process.connected) return void handedOver()
    this.#inHand.add(socket)
    this.#process.send({ number, address } satisfies Sent, socket, { keepOpen: true }, handedOver)
  }

  giveWay(number: number): void {
    this.#channel.tell('giveWay', number)
  }

  /** What it counted; rejects when it is gone. */
  counted(): Promise<Counted> {
    return this.#channel.ask('counted')
  }

  /** Has it end its calls, and itself, within the time; behind the connections that it was sent. */
  stop(stopWithinMs: number): void {
    if (this.#process.connected) this.#process.send({ stopWithinMs } satisfies Sent, () => {})
  }

  kill(): void {
    this.#process.kill('SIGKILL')
  }
}
