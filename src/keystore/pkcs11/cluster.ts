// Tokens that the vendor keeps alike, as one: a call that one can't serve goes to the next.
import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { WRAPPING_ALGORITHMS, type WrappingAlgorithm } from '../../cryptography/wrap.ts'
import type { Cryptoki, Handle } from './cryptoki.ts'
import { Away, Full, faultOf, Missing } from './faults.ts'
import { inspectToken } from './inspect.ts'
import type { TokenReport, TokenState, Works } from './protocol.ts'
import { wrappingExpiry } from './reference.ts'
import type { Access, Token } from './token.ts'

const KEY_BYTES = 32
/** From this duration on, calls leave the thread, so that others go on meanwhile; below, that would cost more than it gains. */
const SLOW_MS = 0.3

export class Cluster {
  readonly #cryptoki: Cryptoki
  readonly #tokens: readonly Token[]
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
        await full(() => this.#cryptoki.generateKey(access.session, id, label))
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
      token.use(async ({ session }) => {
        if (!(await this.#can(token, session, algorithm))) return { unsupported: MECHANISMS[algorithm] }
        const made = await full(() => this.#cryptoki.generateWrappingPair(session, true, id, label))
        return { modulus: made.modulus, exponent: made.exponent }
      }),
    )
  }

  examine({ wrappingId, algorithm, wrapped }: Works['examine']['ask']): Promise<Uint8Array | null> {
    return this.#onAny((token) =>
      token.use(({ session, find }) => {
        const wrapping = { key: find('private', wrappingId), algorithm }
        return this.#unwrapped(session, wrapping, wrapped)
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
        const key = await full(async () => this.#cryptoki.unwrap(session, wrapping, wrapped, { id, label }))
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

  /** The check value of wrapped material; null when it is not an AES key of 256 bits. */
  #unwrapped(
    session: Handle,
    wrapping: { key: Handle; algorithm: WrappingAlgorithm },
    wrapped: Uint8Array,
  ): Buffer | null {
    try {
      const key = this.#cryptoki.unwrap(session, wrapping, wrapped, null)
      try {
        // First, since it fails for what is no AES key at all: some libraries crash when they wrap such a thing.
        const checkValue = this.#cryptoki.checkValue(session, key)
        const length = this.#cryptoki.lengthOf(session, key) || this.#cryptoki.measure(session, wrapping, wrapped)
        return length === KEY_BYTES ? checkValue : null
      } finally {
        this.#cryptoki.destroy(session, key)
      }
    } catch (error) {
      const fault = faultOf(error)
      if (fault === 'device' || fault === null) throw error
      // The library may say many things of bytes that are no wrapped key. If it still serves, it was the bytes.
      this.#cryptoki.random(session, 8)
      this.#cryptoki.describe(session, wrapping.key)
      return null
    }
  }

  readonly #abilities = new Map<string, boolean>()

  /** Whether a token unwraps with an algorithm. Lists of mechanisms do not tell which hashes go with OAEP: it is tried. */
  async #can(token: Token, session: Handle, algorithm: WrappingAlgorithm): Promise<boolean> {
    if (!this.#abilities.has(token.name)) {
      const pair = await this.#cryptoki.generateWrappingPair(session, false, '00', 'strongroom-probe')
      const jwk = { kty: 'RSA', n: pair.modulus.toString('base64url'), e: pair.exponent.toString('base64url') }
      const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
      for (const one of WRAPPING_ALGORITHMS) {
        const wrapped = publicEncrypt({ key: publicKey, ...PADDING[one] }, randomBytes(KEY_BYTES))
        const value = this.#unwrapped(session, { key: pair.privateKey, algorithm: one }, wrapped)
        this.#abilities.set(`${token.name} ${one}`, value !== null)
      }
      this.#cryptoki.destroy(session, pair.privateKey)
      this.#abilities.set(token.name, true)
    }
    return this.#abilities.get(`${token.name} ${algorithm}`) === true
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

/** What each algorithm needs of a device, as PKCS #11 names it. */
export const MECHANISMS: Readonly<Record<WrappingAlgorithm, string>> = {
  RSAES_OAEP_SHA_1: 'CKM_RSA_PKCS_OAEP with SHA-1',
  RSAES_OAEP_SHA_256: 'CKM_RSA_PKCS_OAEP with SHA-256',
  RSAES_PKCS1_V1_5: 'CKM_RSA_PKCS',
}

const PADDING: Readonly<Record<WrappingAlgorithm, { padding: number; oaepHash?: string }>> = {
  RSAES_OAEP_SHA_1: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
  RSAES_OAEP_SHA_256: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
  RSAES_PKCS1_V1_5: { padding: constants.RSA_PKCS1_PADDING },
}

/** Tells a full device from other troubles while an object is made. */
async function full<T>(make: () => Promise<T>): Promise<T> {
  try {
    return await make()
  } catch (error) {
    if (faultOf(error) === 'full') throw new Full('the token has no room for another key')
    throw error
  }
}
