// Reads a request's body into one growing buffer, so that its memory depends on its length and not on the number of chunks. Small bodies are always
// read. Longer ones share a memory budget.
import type { IncomingMessage } from 'node:http'
import { MAX_BODY_BYTES, MAX_BODY_CHUNKS, SMALL_BODY_BYTES } from './limits.ts'
import { type Holder, Shares } from './shares.ts'

const FIRST_BYTES = 4096
const NO_BODY: Buffer = Buffer.alloc(0)

/** Why a body was not read. `too busy`: the budget is used up, and this source holds most of it. `gone`: the client has disconnected. */
export type Unread = 'too large' | 'too scattered' | 'too busy' | 'gone'

/** The memory that bodies longer than SMALL_BODY_BYTES share, until their request is answered. */
export class BodyBudget {
  readonly #unfinished = new Shares<Body>()
  /** The part of the budget that complete bodies hold, in bytes. */
  #atWork = 0
  readonly #bytes: number

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /**
   * Allocates `bytes` to the body. When the budget is exhausted, ends the oldest unfinished body of the heaviest source. Returns false for
   * the body itself.
   */
  take(body: Body, bytes: number): boolean {
    while (this.#unfinished.total + this.#atWork + bytes > this.#bytes) {
      const source = this.#unfinished.heaviest()
      const [oldest] = source === null ? [] : this.#unfinished.holders(source)
      if (!oldest || oldest === body) return false
      oldest.giveWay()
    }
    this.#unfinished.take(body, bytes)
    return true
  }

  /** Marks the body as complete. It does not give way any more. */
  complete(body: Body, bytes: number): void {
    if (this.#unfinished.drop(body, bytes)) this.#atWork += bytes
  }

  drop(body: Body, bytes: number): void {
    if (!this.#unfinished.drop(body, bytes)) this.#atWork -= bytes
  }
}

export class Body implements Holder {
  readonly source: string
  readonly #budget: BodyBudget
  #buffer: Buffer = NO_BODY
  #length = 0
  #chunks = 0
  /** The part of the budget that it holds, in bytes. */
  #held = 0
  #settle: ((outcome: Buffer | Unread) => void) | null = null

  constructor(source: string, budget: BodyBudget) {
    this.source = source
    this.#budget = budget
  }

  /** The memory that it holds, in bytes. */
  get capacity(): number {
    return this.#buffer.length
  }

  /** Reads the whole body, or returns why there is none. It counts against the budget until `release`. */
  read(request: IncomingMessage): Promise<Buffer | Unread> {
    const { headers } = request
    const declared = headers['content-length'] === undefined ? null : Number(headers['content-length'])
    if (declared === null && headers['transfer-encoding'] === undefined) return NOTHING
    if (declared !== null && declared > MAX_BODY_BYTES) return Promise.resolve('too large')
    return new Promise((resolve) => {
      this.#settle = resolve
      request.on('data', (chunk: Buffer) => {
        // After a refusal, further chunks are ignored.
        if (!this.#settle) return
        const fault = this.#add(chunk, declared)
        if (fault) this.#giveUp(fault)
      })
      request.on('end', () => {
        if (this.#held > 0) this.#budget.complete(this, this.#held)
        this.#end(this.#length === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.#length))
      })
      // 'close' follows both the end and an abort. Without an 'error' listener, Node reports an abort only by 'close'.
      request.on('close', () => {
        if (this.#settle) this.#giveUp('gone')
      })
    })
  }

  #add(chunk: Buffer, declared: number | null): Unread | null {
    // A body in one chunk needs no copy.
    if (chunk.length === declared) {
      if (!this.#hold(declared)) return 'too busy'
      this.#buffer = chunk
      this.#length = declared
      return null
    }
    const limit = declared ?? MAX_BODY_BYTES
    const length = this.#length + chunk.length
    if (length > limit) return 'too large'
    if (declared === null && ++this.#chunks > MAX_BODY_CHUNKS) return 'too scattered'
    if (length > this.#buffer.length && !this.#grow(length, limit)) return 'too busy'
    this.#buffer.set(chunk, this.#length)
    this.#length = length
    return null
  }

  #grow(length: number, limit: number): boolean {
    const capacity = Math.min(limit, Math.max(length, 2 * this.#buffer.length, FIRST_BYTES))
    if (!this.#hold(capacity)) return false
    const grown = Buffer.allocUnsafeSlow(capacity)
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
    return true
  }

  /** Allocates a buffer of `capacity` bytes from the budget, unless it is small. */
  #hold(capacity: number): boolean {
    if (capacity <= SMALL_BODY_BYTES) return true
    if (!this.#budget.take(this, capacity - this.#held)) return false
    this.#held = capacity
    return true
  }

  #end(outcome: Buffer | Unread): void {
    this.#settle?.(outcome)
    this.#settle = null
  }

  #giveUp(why: Unread): void {
    this.release()
    this.#end(why)
  }

  /** Ends the reading, because another source needs the memory. */
  giveWay(): void {
    this.#giveUp('too busy')
  }

  /** Releases its memory, when the request is answered or never will be. */
  release(): void {
    if (this.#held > 0) this.#budget.drop(this, this.#held)
    this.#held = 0
    this.#buffer = NO_BODY
    this.#length = 0
  }
}

const NOTHING = Promise.resolve(NO_BODY)
