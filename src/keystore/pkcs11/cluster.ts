// Tokens that the vendor keeps alike, as one: a call that one can't serve goes to the next. Each method does the work of its name.
import type { WrappingAlgorithm } from '../../cryptography/wrap.ts'
import type { Cryptoki } from './cryptoki.ts'
import { Away, Missing, Refused } from './faults.ts'
import { inspectToken } from './inspect.ts'
import type { Access } from './login.ts'
import { Making } from './making.ts'
import { destroyObject, objectsOf } from './objects.ts'
import { opened } from './opening.ts'
import { Pace } from './pace.ts'
import type { TokenReport, TokenState, Works } from './protocol.ts'
import { isForSameKey, wrappingExpiry } from './reference.ts'
import type { Token } from './token.ts'
import { examined, MECHANISMS, unwrapsWith } from './unwrapping.ts'

/** Of one CMK: who asks for more and more must not fill the device. */
export const MOST_WRAPPING_KEYS = 50

export class Cluster {
  readonly #cryptoki: Cryptoki
  readonly #tokens: readonly Token[]
  readonly #abilities = new Map<string, ReadonlySet<WrappingAlgorithm>>()
  readonly #pace = new Pace()

  constructor(cryptoki: Cryptoki, tokens: readonly Token[]) {
    this.#cryptoki = cryptoki
    this.#tokens = tokens
  }

  get states(): readonly TokenState[] {
    return this.#tokens.map(({ state }) => state)
  }

  async generate({ prefix, label }: Works['generate']['ask'], expiresAt: number): Promise<Works['generate']['answer']> {
    const making = new Making(this.#cryptoki, 'secret', prefix)
    return this.#onAny((token) =>
      token.use(async (access) => {
        const { id } = await making.on(access, (id) => this.#cryptoki.generateKey(access, id, label))
        return { id }
      }, expiresAt),
    )
  }

  encrypt({ id, plaintext, aad }: Works['encrypt']['ask'], expiresAt: number): Promise<Works['encrypt']['answer']> {
    return this.#onAny((token) =>
      token.use(
        async (access) => {
          const key = access.find('secret', id)
          const nonce = access.nonce()
          this.#cryptoki.encryptInit(access, key, nonce, aad)
          const sealed = this.#pace.of(
            () => this.#cryptoki.encrypt(access, plaintext),
            () => this.#cryptoki.encryptAside(access, plaintext),
          )
          return { sealed: sealed instanceof Promise ? await sealed : sealed, nonce }
        },
        expiresAt,
        { takesMs: this.#pace.ms },
      ),
    )
  }

  decrypt({ id, ...message }: Works['decrypt']['ask'], expiresAt: number): Promise<Uint8Array | null> {
    return this.#onAny((token) =>
      token.use((access) => opened(this.#cryptoki, access, id, message, this.#pace), expiresAt, {
        takesMs: this.#pace.ms,
      }),
    )
  }

  /** True when every token answered and none has the key any more. Throws Refused when one keeps it. */
  async destroy({ id }: Works['destroy']['ask'], expiresAt: number): Promise<boolean> {
    const gone = await this.#onEach(async (token) => {
      await token.use((access) => {
        for (const object of this.#cryptoki.find(access, 'secret', id))
          destroyObject(this.#cryptoki, access, object, id)
        access.forget('secret', id)
      }, expiresAt)
      return true
    })
    return gone.length === this.#tokens.length
  }

  async makeWrappingKey(
    { prefix, label, algorithm }: Works['makeWrappingKey']['ask'],
    expiresAt: number,
  ): Promise<Works['makeWrappingKey']['answer']> {
    const making = new Making(this.#cryptoki, 'private', prefix)
    return this.#onAny((token) =>
      token.useSlowly(async (access) => {
        if (!(await this.#can(token, access, algorithm))) return { unsupported: MECHANISMS[algorithm] }
        if (await this.#hasEnough(access, label, expiresAt)) return { tooMany: true }
        const { id, made } = await making.on(access, (id) =>
          this.#cryptoki.generateWrappingPair(access, true, id, label),
        )
        return { id, modulus: made.modulus, exponent: made.exponent }
      }, expiresAt),
    )
  }

  examine({ wrappingId, algorithm, wrapped }: Works['examine']['ask'], expiresAt: number): Promise<Uint8Array | null> {
    return this.#onAny((token) =>
      token.use((access) => {
        const wrapping = { key: access.find('private', wrappingId), algorithm }
        return examined(this.#cryptoki, access, wrapping, wrapped)
      }, expiresAt),
    )
  }

  /** Unwraps into the token. Called with material that was examined: anything else is a race with its destruction. */
  import(
    { wrappingId, algorithm, wrapped, prefix, label, checkValue }: Works['import']['ask'],
    expiresAt: number,
  ): Promise<Works['import']['answer']> {
    const making = new Making(this.#cryptoki, 'secret', prefix)
    return this.#onAny((token) =>
      token.use(async (access) => {
        const wrapping = { key: access.find('private', wrappingId), algorithm }
        const { id, made } = await making.on(access, (id) =>
          this.#cryptoki.unwrap(access, wrapping, wrapped, { id, label }),
        )
        if (this.#cryptoki.checkValue(access, made).equals(checkValue)) return { id }
        this.#cryptoki.destroy(access, made)
        return null
      }, expiresAt),
    )
  }

  async collect({ tag, now }: Works['collect']['ask'], expiresAt: number): Promise<number> {
    const counts = await this.#onEach((token) =>
      token.use(async (access) => {
        let collected = 0
        let refused: unknown = null
        for await (const { object, id, label } of objectsOf(this.#cryptoki, access, 'private', expiresAt))
          if ((wrappingExpiry(tag, label) ?? Number.POSITIVE_INFINITY) <= now)
            try {
              destroyObject(this.#cryptoki, access, object, id)
              access.forget('private', id)
              collected++
            } catch (error) {
              // The others are not kept for the sake of one.
              if (!(error instanceof Refused)) throw error
              refused ??= error
            }
        if (refused !== null) throw refused
        return collected
      }, expiresAt),
    )
    return counts.reduce((sum, count) => sum + count, 0)
  }

  inspect({ tag }: Works['inspect']['ask'], expiresAt: number): Promise<readonly TokenReport[]> {
    const can = (token: Token, access: Access, algorithm: WrappingAlgorithm) => this.#can(token, access, algorithm)
    return Promise.all(this.#tokens.map((token) => inspectToken(token, this.#cryptoki, tag, can, expiresAt)))
  }

  async ping(_: object, expiresAt: number): Promise<null> {
    await this.#onAny((token) => token.ping(expiresAt))
    return null
  }

  /** Whether a token unwraps with an algorithm; tried once. */
  async #can(token: Token, access: Access, algorithm: WrappingAlgorithm): Promise<boolean> {
    const known = this.#abilities.get(token.name) ?? (await unwrapsWith(this.#cryptoki, access))
    this.#abilities.set(token.name, known)
    return known.has(algorithm)
  }

  /** Whether the CMK that a wrapping key is for has as many of them as may be. */
  async #hasEnough(access: Access, label: string, expiresAt: number): Promise<boolean> {
    let found = 0
    for await (const other of objectsOf(this.#cryptoki, access, 'private', expiresAt))
      if (isForSameKey(label, other.label) && ++found === MOST_WRAPPING_KEYS) return true
    return false
  }

  /** Tries one token after the other, those that are up first. Throws Missing only when all were asked. */
  async #onAny<T>(work: (token: Token) => Promise<T>): Promise<T> {
    let away: Away | null = null
    let missing: Missing | null = null
    const order = [true, false].flatMap((up) => this.#tokens.filter(({ state }) => state.up === up))
    for (const token of order)
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
