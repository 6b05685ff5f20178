// Work with key pairs on one token: generating, signing, decrypting.
import type { OaepAlgorithm } from '../../cryptography/algorithms.ts'
import { spkiOf } from '../../cryptography/public-key.ts'
import type { Cryptoki } from './cryptoki.ts'
import { Away, describeFault, faultOf, Unsupported } from './faults.ts'
import type { Access } from './login.ts'
import type { Making } from './making.ts'
import { Pace } from './pace.ts'
import {
  abilitiesOnCurves,
  abilitiesWithRsa,
  CURVE_ABILITIES,
  type CurveAbility,
  RSA_ABILITIES,
  type RsaAbility,
} from './pair-abilities.ts'
import { openedByPair } from './pair-opening.ts'
import type { Abilities, Works } from './protocol.ts'
import { signed } from './signing.ts'
import { type DeviceSigning, isCurve } from './templates.ts'
import type { Token } from './token.ts'
import { Tried } from './tried.ts'

type Ask<W extends keyof Works> = Works[W]['ask']
type Answer<W extends keyof Works> = Works[W]['answer']

export class TokenPairs {
  readonly #cryptoki: Cryptoki
  readonly #curves: Tried<CurveAbility>
  readonly #rsa: Tried<RsaAbility>
  /** One pace for each algorithm: they differ in time, and take far longer than ciphers. */
  readonly #paces = new Map<DeviceSigning | OaepAlgorithm, Pace>()

  constructor(cryptoki: Cryptoki) {
    this.#cryptoki = cryptoki
    this.#curves = new Tried('pair', (access) => abilitiesOnCurves(cryptoki, access))
    this.#rsa = new Tried('pair', (access) => abilitiesWithRsa(cryptoki, access))
  }

  /** `making` is the creation of this pair across all tokens. */
  async make(
    token: Token,
    making: Making,
    { label, spec, use }: Ask<'makePair'>,
    expiresAt: number,
  ): Promise<Answer<'makePair'>> {
    const unsupported = await this.#lackOfPair(token, { spec, use }, expiresAt)
    if (unsupported !== null) return { unsupported }
    const make = async (access: Access) => {
      const { id, made } = await making.on(access, (id) =>
        this.#cryptoki.pairs.generate(access, spec, use, { id, label }).catch(refused),
      )
      return { id, publicKey: spkiOf(made.publicKey) }
    }
    return orLack(token.useSlowly('pair', make, expiresAt))
  }

  sign(token: Token, { id, algorithm, digest }: Ask<'sign'>, expiresAt: number): Promise<Answer<'sign'>> {
    const pace = this.#paceOf(algorithm)
    const sign = async (access: Access) => {
      const key = access.find('private', id)
      return { signature: await signed(this.#cryptoki, access, { key, algorithm }, digest, pace) }
    }
    return orLack(token.use(sign, expiresAt, { takesMs: pace.ms }))
  }

  decrypt(
    token: Token,
    { id, algorithm, ciphertext }: Ask<'decryptAsymmetric'>,
    expiresAt: number,
  ): Promise<Answer<'decryptAsymmetric'>> {
    const pace = this.#paceOf(algorithm)
    const decrypt = async (access: Access) => {
      const key = access.find('private', id)
      const plaintext = await openedByPair(this.#cryptoki, access, { key, algorithm }, ciphertext, pace)
      return plaintext && { plaintext }
    }
    return orLack(token.use(decrypt, expiresAt, { takesMs: pace.ms }))
  }

  /** Why the token can't decrypt with this algorithm; null where it can. */
  async lackOfDecryption(token: Token, algorithm: OaepAlgorithm, expiresAt: number): Promise<string | null> {
    return (await this.#rsa.on(token, expiresAt))[`AsymmetricDecrypt ${algorithm}`]
  }

  /** The token's abilities with pairs, as callers see them. */
  async abilitiesOf(token: Token, expiresAt: number): Promise<Abilities> {
    return {
      ...(await described(token, CURVE_ABILITIES, () => this.#curves.on(token, expiresAt))),
      ...(await described(token, RSA_ABILITIES, () => this.#rsa.on(token, expiresAt))),
    }
  }

  /** Why the token can't have a pair with this use; null where it can, because it has at least one algorithm of the use. */
  async #lackOfPair(
    token: Token,
    { spec, use }: Pick<Ask<'makePair'>, 'spec' | 'use'>,
    expiresAt: number,
  ): Promise<string | null> {
    if (isCurve(spec)) return (await this.#curves.on(token, expiresAt))[spec]
    const abilities = await this.#rsa.on(token, expiresAt)
    const operation = use === 'sign' ? 'AsymmetricSign ' : 'AsymmetricDecrypt '
    const lacks = RSA_ABILITIES.filter((name) => name.startsWith(operation)).map((name) => abilities[name])
    return abilities[spec] ?? (lacks.includes(null) ? null : (lacks[0] ?? null))
  }

  #paceOf(algorithm: DeviceSigning | OaepAlgorithm): Pace {
    const known = this.#paces.get(algorithm) ?? new Pace()
    this.#paces.set(algorithm, known)
    return known
  }
}

/** Translates a refusal to generate a pair: a trial with a smaller pair does not guarantee that a larger one works. */
function refused(error: unknown): never {
  const fault = faultOf(error)
  if (fault !== 'unsupported' && fault !== 'data') throw error
  throw new Unsupported(`makes no such pair (${describeFault(error)})`)
}

/** Returns the answer, or what the device lacks for it. */
async function orLack<T>(answer: Promise<T>): Promise<T | { unsupported: string }> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error
    return { unsupported: error.message }
  }
}

/** Returns the tried abilities. If the device serves, but fails at all of them for an unknown reason, they are listed as failing. */
async function described<Thing extends string>(
  token: Token,
  things: readonly Thing[],
  tried: () => Promise<Abilities<Thing>>,
): Promise<Abilities> {
  try {
    return await tried()
  } catch (error) {
    if (!(error instanceof Away) || !token.state.up) throw error
    return Object.fromEntries(things.map((thing) => [thing, `fails: ${error.message}`]))
  }
}
