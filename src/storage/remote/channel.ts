// A connection between two processes of a server. Each calls methods of the other by name, and gets the method's result or its error.
// Frequent requests (batches of calls) are packed.
import type { Duplex } from 'node:stream'
import { deserialize, serialize } from 'node:v8'
import { encodeFrame, type Frame, FrameError, type FrameKind, FrameReader } from './frame.ts'

/** The methods that one process offers the other, by name. Arguments and results are copied. */
type Methods = Readonly<Record<string, (...args: never[]) => unknown>>

/** The contents of a packed request or reply. */
export interface Packed {
  readonly text: string
  readonly bytes: Uint8Array
}

/** How an error keeps its class on the way. `of` returns its parts, or undefined for errors of other classes. */
export interface ErrorForm {
  readonly name: string
  of(error: unknown): unknown
  from(parts: never): Error
}

/** What this process offers the other. */
export interface Service {
  readonly methods: Methods
  /** Replies to packed requests. */
  packed?(request: Packed): Promise<Packed>
  /** The classes of errors that both processes know. Any other error arrives as Error with its message. */
  readonly errors: readonly ErrorForm[]
  /** Called once when the connection has ended, with the reason; null for a normal end. */
  closed(why: Error | null): void
}

/** The other process is gone. */
export class ChannelClosed extends Error {}

/** The error codes of writes and reads when the other process is gone. */
const GONE: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET'])

const NAMED = 0
const PACKED = 1

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** `Theirs`: the methods of the other process. */
export class Channel<Theirs extends Methods> {
  readonly #socket: Duplex
  readonly #service: Service
  readonly #reader = new FrameReader()
  readonly #waiting = new Map<number, Waiting>()
  #number = 0
  #corked = false
  #closed = false

  constructor(socket: Duplex, service: Service) {
    this.#socket = socket
    this.#service = service
    socket.on('data', (piece: Buffer) => this.#take(piece))
    socket.on('error', (error: NodeJS.ErrnoException) => this.#close(GONE.has(error.code ?? '') ? null : error))
    socket.on('end', () => {
      try {
        this.#reader.end()
        this.#close(null)
      } catch (error) {
        this.#close(error as Error)
      }
    })
    socket.on('close', () => this.#close(null))
  }

  /** Calls a method of the other process. Rejects with what it throws, or with ChannelClosed. */
  ask<N extends keyof Theirs & string>(
    name: N,
    ...args: Parameters<Theirs[N]>
  ): Promise<Awaited<ReturnType<Theirs[N]>>> {
    return this.#request(NAMED, { text: name, bytes: serialize(args) }) as Promise<Awaited<ReturnType<Theirs[N]>>>
  }

  /** The same without a reply. The channel keeps the order: it arrives before any later request. */
  tell<N extends keyof Theirs & string>(name: N, ...args: Parameters<Theirs[N]>): void {
    this.#send('note', NAMED, 0, { text: name, bytes: serialize(args) })
  }

  /** Sends a packed request. */
  pack(request: Packed): Promise<Packed> {
    return this.#request(PACKED, request) as Promise<Packed>
  }

  /** Ends the connection. */
  close(): void {
    this.#close(null)
  }

  #request(subject: number, request: Packed): Promise<unknown> {
    if (this.#closed) return Promise.reject(new ChannelClosed('the other process of the server is gone'))
    this.#number = (this.#number + 1) >>> 0
    const number = this.#number
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject })
      this.#send('request', subject, number, request)
    })
  }

  #send(kind: FrameKind, subject: number, number: number, { text, bytes }: Packed): void {
    if (this.#closed) return
    if (!this.#corked) {
      // Frames of one turn of the event loop leave in one write.
      this.#corked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    this.#socket.write(encodeFrame({ kind, subject, number, text, bytes }))
  }

  #take(piece: Buffer): void {
    if (this.#closed) return
    try {
      for (const frame of this.#reader.take(piece)) this.#heed(frame)
    } catch (error) {
      this.#close(error instanceof FrameError ? error : new FrameError(`received data can not be read: ${error}`))
    }
  }

  #heed(frame: Frame): void {
    const { kind, subject, number } = frame
    if (kind === 'request') void this.#serve(frame)
    else if (kind === 'note') this.#call(frame)
    else {
      const waiting = this.#waiting.get(number)
      if (!waiting) throw new FrameError('a reply has no request')
      this.#waiting.delete(number)
      if (kind === 'fault') waiting.reject(this.#errorIn(frame))
      else waiting.resolve(subject === PACKED ? frame : deserialize(frame.bytes))
    }
  }

  #call({ text, bytes }: Frame): unknown {
    const method = Object.hasOwn(this.#service.methods, text) ? this.#service.methods[text] : undefined
    if (!method) throw new FrameError('a request names an unknown method')
    return method(...(deserialize(bytes) as never[]))
  }

  async #serve(frame: Frame): Promise<void> {
    const { subject, number } = frame
    try {
      if (subject === PACKED) {
        if (!this.#service.packed) throw new FrameError('this process serves no packed requests')
        this.#send('reply', PACKED, number, await this.#service.packed(frame))
      } else this.#send('reply', NAMED, number, { text: '', bytes: serialize(await this.#call(frame)) })
    } catch (error) {
      if (error instanceof FrameError) this.#close(error)
      else this.#send('fault', NAMED, number, this.#formOf(error))
    }
  }

  #formOf(error: unknown): Packed {
    for (const { name, of } of this.#service.errors) {
      const parts = of(error)
      if (parts !== undefined) return { text: name, bytes: serialize(parts) }
    }
    return { text: '', bytes: serialize(error instanceof Error ? error.message : String(error)) }
  }

  #errorIn({ text, bytes }: Frame): Error {
    const form = this.#service.errors.find(({ name }) => name === text)
    return form ? form.from(deserialize(bytes) as never) : new Error(String(deserialize(bytes)))
  }

  #close(why: Error | null): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.destroy()
    for (const { reject } of this.#waiting.values())
      reject(new ChannelClosed('the other process of the server is gone'))
    this.#waiting.clear()
    this.#service.closed(why)
  }
}
