// Describes a token: its identity, its abilities, and for `strongroom hsm check` the objects of this installation in it.
import { NONCE_BYTES } from '../../cryptography/gcm.ts'
import type { Cryptoki } from './cryptoki.ts'
import { Away, Missing } from './faults.ts'
import type { Access } from './login.ts'
import { LABEL, ROOT_KEY_LABEL, WRAPPING_LABEL } from './object-names.ts'
import { objectsOf } from './objects.ts'
import { type Abilities, type ObjectReport, type TokenIdentity, type TokenReport, UNIDENTIFIED } from './protocol.ts'
import type { Handle, ObjectClass } from './session.ts'
import type { Token } from './token.ts'
import { Trial } from './trial.ts'

/** CK_UNAVAILABLE_INFORMATION, in 32 bits. In 64 bits it is larger. */
const UNAVAILABLE = 0xff_ff_ff_ff

const NOTHING = {
  ...UNIDENTIFIED,
  keys: [],
  wrappingKeys: [],
  rootKeys: [],
}

type AbilitiesOf = (token: Token) => Promise<Abilities>

/** Returns the identity and the abilities of a token; null for a token that is away. */
export async function identifyToken(
  token: Token,
  cryptoki: Cryptoki,
  abilitiesOf: AbilitiesOf,
  expiresAt: number,
): Promise<TokenIdentity | null> {
  try {
    const abilities = await abilitiesOf(token)
    return await token.useSlowly('other', (access) => identity(token, cryptoki, access, abilities), expiresAt)
  } catch (error) {
    if (error instanceof Away) return null
    throw error
  }
}

/** Reports on a token. For a token that is away, the report contains only its state. */
export async function inspectToken(
  token: Token,
  cryptoki: Cryptoki,
  tag: string,
  abilitiesOf: AbilitiesOf,
  expiresAt: number,
): Promise<TokenReport> {
  try {
    const abilities = await abilitiesOf(token)
    return await token.useSlowly(
      'other',
      async (access) => {
        const identified = await identity(token, cryptoki, access, abilities)
        const secret = await all(cryptoki, access, 'secret', expiresAt)
        const privates = await all(cryptoki, access, 'private', expiresAt)
        const ours = (some: readonly ObjectReport[], label: string) =>
          some.filter((object) => object.label.startsWith(`${label}/${tag}/`))
        return {
          ...token.state,
          ...identified,
          keys: [...ours(secret, LABEL), ...ours(privates, LABEL)],
          wrappingKeys: ours(privates, WRAPPING_LABEL),
          rootKeys: ours(secret, ROOT_KEY_LABEL),
        }
      },
      expiresAt,
    )
  } catch (error) {
    if (error instanceof Away) return { ...token.state, ...NOTHING }
    throw error
  }
}

/** Throws Missing when the token is gone. */
async function identity(
  token: Token,
  cryptoki: Cryptoki,
  access: Access,
  abilities: Abilities,
): Promise<TokenIdentity> {
  const info = cryptoki.findToken(token.name)?.info
  if (!info) throw new Missing(`the token \`${token.name}\` is gone`)
  const lacksGcm = (await encrypts(cryptoki, access)) ? null : 'lacks CKM_AES_KEY_GEN, CKM_AES_GCM or CKM_AES_ECB'
  const free = info.freePrivateMemory
  return {
    token: token.name,
    label: info.label.trim(),
    manufacturer: info.manufacturerID.trim(),
    model: info.model.trim(),
    serial: info.serialNumber.trim(),
    firmware: `${info.firmwareVersion.major}.${info.firmwareVersion.minor}`,
    freePrivateMemory: free >= 0 && free < UNAVAILABLE ? free : null,
    abilities: { 'AES-256-GCM': lacksGcm, ...abilities },
  }
}

async function all(cryptoki: Cryptoki, access: Access, what: ObjectClass, expiresAt: number): Promise<ObjectReport[]> {
  const found: ObjectReport[] = []
  for await (const { object: _, ...report } of objectsOf(cryptoki, access, what, expiresAt)) found.push(report)
  return found
}

/** Whether the device generates AES keys, and encrypts and decrypts with them as the service needs it. Tried with a key of the session. */
async function encrypts(cryptoki: Cryptoki, access: Access): Promise<boolean> {
  const trial = new Trial()
  const key = await trial.of(() => cryptoki.generateSessionKey(access))
  if (!key) return false
  try {
    return (await trial.of(() => encryptsWith(cryptoki, access, key))) === true
  } finally {
    cryptoki.destroy(access, key)
  }
}

function encryptsWith(cryptoki: Cryptoki, access: Access, key: Handle): boolean {
  const nonce = cryptoki.random(access, NONCE_BYTES)
  const [aad, plaintext] = [Buffer.alloc(32, 1), Buffer.alloc(44, 2)]
  cryptoki.encryptInit(access, key, nonce, aad)
  const sealed = cryptoki.encrypt(access, plaintext)
  cryptoki.decryptInit(access, key, nonce, aad)
  return cryptoki.decrypt(access, sealed).equals(plaintext) && cryptoki.checkValue(access, key).length === 16
}
