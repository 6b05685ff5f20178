// Several tokens that the vendor keeps synchronized, used as one. Work that one token can't do goes to the next. Each method does the work of its
// name (protocol.ts).
import { spkiOf } from '../../cryptography/public-key.ts'
import type { WrappingAlgorithm } from '../../cryptography/wrap.ts'
import type { Cryptoki } from './cryptoki.ts'
import { Away, Missing, Refused } from './faults.ts'
import { identifyToken, inspectToken } from './inspect.ts'
import type { Access } from './login.ts'
import { Making } from './making.ts'
import { isForSameKey, wrappingExpiry } from './object-names.ts'
import { destroyObject, objectsOf } from './objects.ts'
import { opened } from './opening.ts'
import { Pace } from './pace.ts'
import type { Abilities, TokenIdentity, TokenReport, TokenState, Works } from './protocol.ts'
import type { Token } from './token.ts'
import { TokenPairs } from './token-pairs.ts'
import { Tried } from './tried.ts'
import { examined, unwrapsWith } from './unwrapping.ts'

/** The limit on wrapping keys of one CMK, so that a caller can't fill the device with them. */
export const MOST_WRAPPING_KEYS = 50

export class Cluster {
  readonly #cryptoki: Cryptoki
  readonly #tokens: readonly Token[]
  readonly #pace = new Pace()
  readonly #unwrapping: Tried<WrappingAlgorithm>
  readonly #pairs: TokenPairs

  constructor(cryptoki: Cryptoki, tokens: readonly Token[]) {
    this.#cryptoki = cryptoki
    this.#tokens = tokens
    this.#unwrapping = new Tried('unwrap', (access) => unwrapsWith(cryptoki, access))
    this.#pairs = new TokenPairs(cryptoki)
  }

  get states(): readonly TokenState[] {
    return this.#tokens.map(({ state }) => state)
  }

  async generate({ prefix, label }: Works['generate']['ask'], expiresAt: number): Promise<Works['generate']['answer']> {
    const making = new Making(this.#cryptoki, 'secret', prefix)
    return this.#onAny((token) =>
      token.useSlowly(
        'other',
        async (access) => {
          const { id } = await making.on(access, (id) => this.#cryptoki.generateKey(access, id, label))
          return { id }
        },
        expiresAt,
      ),
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

  makePair(ask: Works['makePair']['ask'], expiresAt: number): Promise<Works['makePair']['answer']> {
    const making = new Making(this.#cryptoki, 'private', ask.prefix)
    return this.#onAny((token) => this.#pairs.make(token, making, ask, expiresAt))
  }

  sign(ask: Works['sign']['ask'], expiresAt: number): Promise<Works['sign']['answer']> {
    return this.#onAny((token) => this.#pairs.sign(token, ask, expiresAt))
  }

  decryptAsymmetric(
    ask: Works['decryptAsymmetric']['ask'],
    expiresAt: number,
  ): Promise<Works['decryptAsymmetric']['answer']> {
    return this.#onAny((token) => this.#pairs.decrypt(token, ask, expiresAt))
  }

  lackOfDecryption({ algorithm }: Works['lackOfDecryption']['ask'], expiresAt: number): Promise<string | null> {
    return this.#onAny((token) => this.#pairs.lackOfDecryption(token, algorithm, expiresAt))
  }

  /** Returns true when every token answered and none has the key any more. Throws Refused when a token does not destroy it. */
  async destroy({ id }: Works['destroy']['ask'], expiresAt: number): Promise<boolean> {
    const gone = await this.#onEach(async (token) => {
      await token.use((access) => {
        for (const object of this.#cryptoki.findAny(access, id)) destroyObject(this.#cryptoki, access, object, id)
        access.forget(id)
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
    return this.#onAny(async (token) => {
      const unsupported = (await this.#unwrapping.on(token, expiresAt))[algorithm]
      if (unsupported !== null) return { unsupported }
      const make = async (access: Access) => {
        if (await this.#hasEnough(access, label, expiresAt)) return { tooMany: true } as const
        const { id, made } = await making.on(access, (id) =>
          this.#cryptoki.pairs.generate(access, 'RSA_2048', 'unwrap', { id, label }),
        )
        return { id, publicKey: spkiOf(made.publicKey) }
      }
      return token.useSlowly('pair', make, expiresAt)
    })
  }

  examine(
    { wrappingId, algorithm, wrapped }: Works['examine']['ask'],
    expiresAt: number,
  ): Promise<Works['examine']['answer']> {
    return this.#onAny(async (token) => {
      // Checked again: the wrapping key may be older than this check, or the device may have been replaced since.
      const unsupported =
        algorithm === 'RSAES_PKCS1_V1_5' ? (await this.#unwrapping.on(token, expiresAt))[algorithm] : null
      if (unsupported !== null) return { unsupported }
      const examine = (access: Access) => {
        const wrapping = { key: access.find('private', wrappingId), algorithm }
        return examined(this.#cryptoki, access, wrapping, wrapped)
      }
      const checkValue = await token.useSlowly('unwrap', examine, expiresAt)
      return checkValue && { checkValue }
    })
  }

  /** Unwraps examined material into the token; null when it does not have the check value. */
  import(
    { wrappingId, algorithm, wrapped, prefix, label, checkValue }: Works['import']['ask'],
    expiresAt: number,
  ): Promise<Works['import']['answer']> {
    const making = new Making(this.#cryptoki, 'secret', prefix)
    const make = async (access: Access) => {
      const wrapping = { key: access.find('private', wrappingId), algorithm }
      const { id, made } = await making.on(access, (id) =>
        this.#cryptoki.unwrap(access, wrapping, wrapped, { id, label }),
      )
      if (this.#cryptoki.checkValue(access, made).equals(checkValue)) return { id }
      this.#cryptoki.destroy(access, made)
      return null
    }
    return this.#onAny((token) => token.useSlowly('unwrap', make, expiresAt))
  }

  async collect({ tag, now }: Works['collect']['ask'], expiresAt: number): Promise<number> {
    const counts = await this.#onEach((token) =>
      token.useSlowly(
        'other',
        async (access) => {
          let collected = 0
          let refused: unknown = null
          for await (const { object, id, label } of objectsOf(this.#cryptoki, access, 'private', expiresAt))
            if ((wrappingExpiry(tag, label) ?? Number.POSITIVE_INFINITY) <= now)
              try {
                destroyObject(this.#cryptoki, access, object, id)
                access.forget(id)
                collected++
              } catch (error) {
                // A key that can't be destroyed must not block the others.
                if (!(error instanceof Refused)) throw error
                refused ??= error
              }
          if (refused !== null) throw refused
          return collected
        },
        expiresAt,
      ),
    )
    return counts.reduce((sum, count) => sum + count, 0)
  }

  async describe(_: object, expiresAt: number): Promise<readonly TokenIdentity[]> {
    const abilitiesOf = (token: Token) => this.#abilitiesOf(token, expiresAt)
    const identify = (token: Token) => identifyToken(token, this.#cryptoki, abilitiesOf, expiresAt)
    return (await Promise.all(this.#tokens.map(identify))).filter((found) => found !== null)
  }

  inspect({ tag }: Works['inspect']['ask'], expiresAt: number): Promise<readonly TokenReport[]> {
    const abilitiesOf = (token: Token) => this.#abilitiesOf(token, expiresAt)
    return Promise.all(this.#tokens.map((token) => inspectToken(token, this.#cryptoki, tag, abilitiesOf, expiresAt)))
  }

  async ping(_: object, expiresAt: number): Promise<null> {
    await this.#onAny((token) => token.ping(expiresAt))
    return null
  }

  /** The abilities of a token that callers see. */
  async #abilitiesOf(token: Token, expiresAt: number): Promise<Abilities> {
    return {
      ...(await this.#unwrapping.on(token, expiresAt)),
      ...(await this.#pairs.abilitiesOf(token, expiresAt)),
    }
  }

  /** Whether the CMK of a wrapping key has reached MOST_WRAPPING_KEYS. `label` is the wrapping key's. */
  async #hasEnough(access: Access, label: string, expiresAt: number): Promise<boolean> {
    let found = 0
    for await (const other of objectsOf(this.#cryptoki, access, 'private', expiresAt))
      if (isForSameKey(label, other.label) && ++found === MOST_WRAPPING_KEYS) return true
    return false
  }

  /** Tries one token after another, first those that are up. Throws Missing only when no token is away and none has the object. */
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

  /** Does the work on every reachable token and returns the results. Throws Away when no token is reachable. */
  async #onEach<T>(work: (token: Token) => Promise<T>): Promise<T[]> {
    const done = await Promise.allSettled(this.#tokens.map(work))
    const failed = done.find((result) => result.status === 'rejected' && !(result.reason instanceof Away))
    if (failed?.status === 'rejected') throw failed.reason
    const values = done.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    if (values.length === 0) throw new Away('no token can be reached')
    return values
  }
}
