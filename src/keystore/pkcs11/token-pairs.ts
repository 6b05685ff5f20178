// Work with key pairs on one token: making them, signing, decrypting.
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
import { spkiOf } from './pairs.ts'
import type { Abilities, Works } from './protocol.ts'
import { signed } from './signing.ts'
import { type DeviceSigning, isCurve, type OaepAlgorithm } from './templates.ts'
import type { Token } from './token.ts'
import { Tried } from './tried.ts'

type Ask<W extends keyof Works> = Works[W]['ask']
type Answer<W extends keyof Works> = Works[W]['answer']

export class TokenPairs {
  readonly #cryptoki: Cryptoki
  readonly #curves: Tried<CurveAbility>
  readonly #rsa: Tried<RsaAbility>
  /** Each algorithm takes a device its own time, and far longer than a cipher. */
  readonly #paces = new Map<DeviceSigning | OaepAlgorithm, Pace>()

  constructor(cryptoki: Cryptoki) {
    this.#cryptoki = cryptoki
    this.#curves = new Tried('pair', (access) => abilitiesOnCurves(cryptoki, access))
    this.#rsa = new Tried('pair', (access) => abilitiesWithRsa(cryptoki, access))
  }

  /** `making` is the making of this pair over all tokens. */
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

  /** What keeps the token from decrypting with this algorithm; null where nothing does. */
  async lackOfDecryption(token: Token, algorithm: OaepAlgorithm, expiresAt: number): Promise<string | null> {
    return (await this.#rsa.on(token, expiresAt))[`AsymmetricDecrypt ${algorithm}`]
  }

  /** What keeps the token from each thing that callers see. */
  async abilitiesOf(token: Token, expiresAt: number): Promise<Abilities> {
    return {
      ...(await described(token, CURVE_ABILITIES, () => this.#curves.on(token, expiresAt))),
      ...(await described(token, RSA_ABILITIES, () => this.#rsa.on(token, expiresAt))),
    }
  }

  /** What keeps a token from a pair with this use: it must do one of the algorithms at least. */
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

/** What was tried for one pair need not hold for another, larger one. */
function refused(error: unknown): never {
  const fault = faultOf(error)
  if (fault !== 'unsupported' && fault !== 'data') throw error
  throw new Unsupported(`makes no such pair (${describeFault(error)})`)
}

/** The answer, or what the device lacks for it. */
async function orLack<T>(answer: Promise<T>): Promise<T | { unsupported: string }> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error
    return { unsupported: error.message }
  }
}

/** The abilities as tried. A device that serves, but fails at all of them without saying why, does not have them now. */
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
