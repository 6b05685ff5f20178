// Tokens that the vendor keeps alike, as one: a call that one can't serve goes to the next.
import { setTimeout as pause } from 'node:timers/promises'
import type { WrappingAlgorithm } from '../../cryptography/wrap.ts'
import type { Cryptoki, Handle } from './cryptoki.ts'
import { Away, Full, faultOf, Missing } from './faults.ts'
import { inspectToken } from './inspect.ts'
import type { TokenReport, TokenState, Works } from './protocol.ts'
import { wrappingExpiry } from './reference.ts'
import type { Access, Token } from './token.ts'
import { examined, MECHANISMS, unwrapsWith } from './unwrapping.ts'

/** From this duration on, calls leave the thread, so that others go on meanwhile; below, that would cost more than it gains. */
const SLOW_MS = 0.3
const STORE_TRIES = 4
const STORE_PAUSE_MS = 10

export class Cluster {
  readonly #cryptoki: Cryptoki
  readonly #tokens: readonly Token[]
  readonly #abilities = new Map<string, ReadonlySet<WrappingAlgorithm>>()
  /** Moving average of how long an AES call takes, in milliseconds. */
  #pace = 0

  constructor(cryptoki: Cryptoki, tokens: readonly Token[]) {
    this.#cryptoki = cryptoki
    this.#tokens = tokens
  }

  get states(): readonly TokenState[] {
    return this.#tokens.map(({ state }) => state)
  }

  generate({ id, label }: Works['generate']['ask']): Promise<null> {
    return this.#onAny(async (token) =>
      token.use(async (access) => {
        this.#clearEarlierTry(access, id)
        await this.#stored(access, id, () => this.#cryptoki.generateKey(access.session, id, label))
        return null
      }),
    )
  }

  encrypt({ id, plaintext, aad }: Works['encrypt']['ask']): Promise<Works['encrypt']['answer']> {
    return this.#onAny((token) =>
      token.use(async ({ session, find, nonce: fresh }) => {
        const key = find('secret', id)
        const nonce = fresh()
        this.#cryptoki.encryptInit(session, key, nonce, aad)
        const sealed = this.#timed(
          () => this.#cryptoki.encrypt(session, plaintext),
          () => this.#cryptoki.encryptAside(session, plaintext),
        )
        return { sealed: sealed instanceof Promise ? await sealed : sealed, nonce }
      }),
    )
  }

  decrypt({ id, nonce, sealed, aad }: Works['decrypt']['ask']): Promise<Uint8Array | null> {
    return this.#onAny((token) =>
      token.use(async ({ session, find }) => {
        const key = find('secret', id)
        this.#cryptoki.decryptInit(session, key, nonce, aad)
        try {
          return await this.#timed(
            () => this.#cryptoki.decrypt(session, sealed),
            () => this.#cryptoki.decryptAside(session, sealed),
          )
        } catch (error) {
          if (faultOf(error) === 'data') return null
          // Some libraries say CKR_GENERAL_ERROR for a wrong tag: if the key works, the ciphertext was wrong.
          if (faultOf(error) !== 'ambiguous') throw error
          this.#cryptoki.checkValue(session, key)
          return null
        }
      }),
    )
  }

  /** True when every token answered and none has the key any more. */
  async destroy({ id }: Works['destroy']['ask']): Promise<boolean> {
    const gone = await this.#onEach(async (token) => {
      await token.use(({ session }) => {
        for (const object of this.#cryptoki.find(session, 'secret', id)) this.#cryptoki.destroy(session, object)
      })
      token.forget('secret', id)
      return true
    })
    return gone.length === this.#tokens.length
  }

  makeWrappingKey({
    id,
    label,
    algorithm,
  }: Works['makeWrappingKey']['ask']): Promise<Works['makeWrappingKey']['answer']> {
    return this.#onAny((token) =>
      token.use(async (access) => {
        const { session } = access
        if (!(await this.#can(token, session, algorithm))) return { unsupported: MECHANISMS[algorithm] }
        const made = await this.#stored(access, id, () => this.#cryptoki.generateWrappingPair(session, true, id, label))
        return { modulus: made.modulus, exponent: made.exponent }
      }),
    )
  }

  examine({ wrappingId, algorithm, wrapped }: Works['examine']['ask']): Promise<Uint8Array | null> {
    return this.#onAny((token) =>
      token.use(({ session, find }) => {
        const wrapping = { key: find('private', wrappingId), algorithm }
        return examined(this.#cryptoki, session, wrapping, wrapped)
      }),
    )
  }

  /** Unwraps into the token. Called with material that was examined: anything else is a race with its destruction. */
  import({ wrappingId, algorithm, wrapped, id, label, checkValue }: Works['import']['ask']): Promise<boolean> {
    return this.#onAny((token) =>
      token.use(async (access) => {
        const { session, find } = access
        this.#clearEarlierTry(access, id)
        const wrapping = { key: find('private', wrappingId), algorithm }
        const key = await this.#stored(access, id, async () =>
          this.#cryptoki.unwrap(session, wrapping, wrapped, { id, label }),
        )
        if (this.#cryptoki.checkValue(session, key).equals(checkValue)) return true
        this.#cryptoki.destroy(session, key)
        return false
      }),
    )
  }

  async collect({ tag, now }: Works['collect']['ask']): Promise<number> {
    const counts = await this.#onEach((token) =>
      token.use(({ session }) => {
        const all = this.#cryptoki.find(session, 'private', null)
        const expired = all
          .map((object) => ({ object, ...this.#cryptoki.describe(session, object) }))
          .filter(({ label }) => (wrappingExpiry(tag, label) ?? Number.POSITIVE_INFINITY) <= now)
        for (const { object, id } of expired) {
          this.#cryptoki.destroy(session, object)
          token.forget('private', id)
        }
        return expired.length
      }),
    )
    return counts.reduce((sum, count) => sum + count, 0)
  }

  inspect({ tag }: Works['inspect']['ask']): Promise<readonly TokenReport[]> {
    const can = (token: Token, session: Handle, algorithm: WrappingAlgorithm) => this.#can(token, session, algorithm)
    return Promise.all(this.#tokens.map((token) => inspectToken(token, this.#cryptoki, tag, can)))
  }

  async ping(): Promise<null> {
    await this.#onAny((token) => token.use(({ session }) => this.#cryptoki.random(session, 8)))
    return null
  }

  /** Whether a token unwraps with an algorithm; tried once. */
  async #can(token: Token, session: Handle, algorithm: WrappingAlgorithm): Promise<boolean> {
    const known = this.#abilities.get(token.name) ?? (await unwrapsWith(this.#cryptoki, session))
    this.#abilities.set(token.name, known)
    return known.has(algorithm)
  }

  /**
   * Makes an object in the token. Throws Full when there is no room for it. Some libraries only say that it failed, and say the same
   * when two processes get into each other's way: it is tried a few times before a token that is there, and makes keys that it need
   * not store, counts as full.
   */
  async #stored<T>(access: Access, id: string, make: () => Promise<T>): Promise<T> {
    const full = new Full('the token has no room for another key')
    for (let tries = 1; ; tries++)
      try {
        return await make()
      } catch (error) {
        if (faultOf(error) === 'full') throw full
        if (faultOf(error) !== 'ambiguous' || !access.present()) throw error
        if (tries === STORE_TRIES) {
          this.#cryptoki.destroy(access.session, await this.#cryptoki.generateSessionKey(access.session))
          throw full
        }
        await pause(STORE_PAUSE_MS * tries)
        this.#clearEarlierTry({ ...access, again: true }, id)
      }
  }

  #clearEarlierTry({ again, session }: Access, id: string): void {
    if (!again) return
    for (const object of this.#cryptoki.find(session, 'secret', id)) this.#cryptoki.destroy(session, object)
  }

  /** Does an AES call here, or aside when the device is slow. */
  #timed<T>(here: () => T, aside: () => Promise<T>): T | Promise<T> {
    const start = performance.now()
    const note = () => {
      this.#pace = 0.9 * this.#pace + 0.1 * (performance.now() - start)
    }
    if (this.#pace > SLOW_MS) return aside().finally(note)
    try {
      return here()
    } finally {
      note()
    }
  }

  /** Tries one token after the other, those that are up first. Throws Missing only when all were asked. */
  async #onAny<T>(work: (token: Token) => Promise<T>): Promise<T> {
    let away: Away | null = null
    let missing: Missing | null = null
    for (const up of [true, false])
      for (const token of this.#tokens.filter(({ state }) => state.up === up))
        try {
          return await work(token)
        } catch (error) {
          if (error instanceof Missing) missing = error
          else if (error instanceof Away) away = error
          else throw error
        }
    throw away ?? missing ?? new Away('no token is configured')
  }

  /** Does the work on every token that is there; answers what those gave. Throws Away when none is. */
  async #onEach<T>(work: (token: Token) => Promise<T>): Promise<T[]> {
    const done = await Promise.allSettled(this.#tokens.map(work))
    const failed = done.find((one) => one.status === 'rejected' && !(one.reason instanceof Away))
    if (failed?.status === 'rejected') throw failed.reason
    const given = done.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    if (given.length === 0) throw new Away('no token can be reached')
    return given
  }
}
