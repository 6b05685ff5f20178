// What `strongroom hsm check` learns of a token: what it is, what it can do, which of our objects it holds.
import { WRAPPING_ALGORITHMS, type WrappingAlgorithm } from '../../cryptography/wrap.ts'
import type { Cryptoki, Handle } from './cryptoki.ts'
import { Away } from './faults.ts'
import type { TokenReport } from './protocol.ts'
import { LABEL, ROOT_KEY_LABEL, WRAPPING_LABEL } from './reference.ts'
import type { Token } from './token.ts'

/** What a device answers where it does not tell a number (CK_UNAVAILABLE_INFORMATION, in 32 or 64 bits, or cut). */
const UNAVAILABLE = 0xff_ff_ff_ff

const NOTHING = {
  model: '',
  serial: '',
  firmware: '',
  freePrivateMemory: null,
  abilities: {},
  keys: [],
  wrappingKeys: [],
  rootKeys: [],
}

/** Reports on a token; on one that is away, only that. `can` tells whether it unwraps with an algorithm. */
export async function inspectToken(
  token: Token,
  cryptoki: Cryptoki,
  tag: string,
  can: (token: Token, session: Handle, algorithm: WrappingAlgorithm) => Promise<boolean>,
): Promise<TokenReport> {
  try {
    return await token.use(async ({ session }) => {
      const info = cryptoki.findToken(token.name)?.info
      const abilities: Record<string, boolean> = { 'AES-256-GCM': await encrypts(cryptoki, session) }
      for (const algorithm of WRAPPING_ALGORITHMS) abilities[algorithm] = await can(token, session, algorithm)
      const ours = (what: 'secret' | 'private', label: string) =>
        cryptoki
          .find(session, what, null)
          .map((object) => cryptoki.describe(session, object))
          .filter((object) => object.label.startsWith(`${label}/${tag}/`))
      const free = info?.freePrivateMemory ?? UNAVAILABLE
      return {
        ...token.state,
        model: info?.model.trim() ?? '',
        serial: info?.serialNumber.trim() ?? '',
        firmware: info ? `${info.firmwareVersion.major}.${info.firmwareVersion.minor}` : '',
        freePrivateMemory: free >= 0 && free < UNAVAILABLE ? free : null,
        abilities,
        keys: ours('secret', LABEL),
        wrappingKeys: ours('private', WRAPPING_LABEL),
        rootKeys: ours('secret', ROOT_KEY_LABEL),
      }
    })
  } catch (error) {
    if (error instanceof Away) return { ...token.state, ...NOTHING }
    throw error
  }
}

/** Whether a key of this session encrypts and decrypts as the service needs it. */
async function encrypts(cryptoki: Cryptoki, session: Handle): Promise<boolean> {
  const key = await cryptoki.generateSessionKey(session)
  try {
    const nonce = cryptoki.random(session, 12)
    const [aad, plaintext] = [Buffer.alloc(32, 1), Buffer.alloc(44, 2)]
    cryptoki.encryptInit(session, key, nonce, aad)
    const sealed = cryptoki.encrypt(session, plaintext)
    cryptoki.decryptInit(session, key, nonce, aad)
    return cryptoki.decrypt(session, sealed).equals(plaintext) && cryptoki.checkValue(session, key).length === 16
  } catch {
    return false
  } finally {
    cryptoki.destroy(session, key)
  }
}
