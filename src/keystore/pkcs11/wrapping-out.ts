// Wraps a key in any token, not only Strongroom's own, for import into a CMK. The device wraps it, so the key is never in plaintext.
import type * as Pkcs11js from 'pkcs11js'
import { rsaNumbers } from '../../cryptography/public-key.ts'
import type { WrappingAlgorithm } from '../../cryptography/wrap.ts'
import { describeFault, faultOf, Missing, Refused } from './faults.ts'
import { type Library, loadLibrary } from './library.ts'
import type { Opening } from './protocol.ts'
import type { Handle } from './session.ts'
import { MECHANISM_NAMES, unwrapping } from './templates.ts'

/** The token and the object that a PKCS #11 URI names; null for attributes that it omits. */
export interface WantedKey {
  readonly token: string | null
  readonly serial: string | null
  readonly label: string | null
  readonly id: Buffer | null
}

interface Wrapping {
  /** An RSA key, DER. */
  readonly publicKey: Uint8Array
  readonly algorithm: WrappingAlgorithm
  /** The required length of the wrapped key, in bytes. */
  readonly bytes: number
}

/**
 * Wraps the wanted secret key, and returns the wrapped bytes. Throws Missing where no key or several keys match, Refused where the token does not
 * wrap the key, and SetupFault or Away where the library can't be used.
 */
export async function wrapOut(
  opening: Pick<Opening, 'module' | 'parameters'> & { readonly pin: string },
  wanted: WantedKey,
  wrapping: Wrapping,
): Promise<Buffer> {
  const library = await loadLibrary(opening)
  const { lib, constants: c } = library
  const slot = slotOf(library, wanted)
  const session = lib.C_OpenSession(slot, c.CKF_SERIAL_SESSION)
  try {
    login(library, session, opening.pin)
    const key = keyOf(library, session, wanted)
    checkExtractable(library, session, key, wrapping.bytes)
    return wrapped(library, session, key, wrapping)
  } finally {
    lib.C_CloseAllSessions(slot)
    lib.C_Finalize()
  }
}

function slotOf({ lib }: Library, { token, serial }: WantedKey): Handle {
  const seen: string[] = []
  const found = lib.C_GetSlotList(true).filter((slot) => {
    const info = lib.C_GetTokenInfo(slot)
    const [label, number] = [info.label.trim(), info.serialNumber.trim()]
    seen.push(`\`${label}\` (serial ${number})`)
    return (token === null || label === token) && (serial === null || number === serial)
  })
  const [slot, another] = found
  if (!slot || another)
    throw new Missing(
      `${found.length} tokens match the URI: name one by token and serial; there are ${seen.join(', ') || 'none'}`,
    )
  return slot
}

function login({ lib, constants: c }: Library, session: Handle, pin: string): void {
  try {
    lib.C_Login(session, c.CKU_USER, pin)
  } catch (error) {
    throw new Refused(`the token refuses the login: ${describeFault(error)}`)
  }
}

function keyOf({ lib, constants: c }: Library, session: Handle, { label, id }: WantedKey): Handle {
  const template: Pkcs11js.Template = [
    { type: c.CKA_CLASS, value: c.CKO_SECRET_KEY },
    ...(label === null ? [] : [{ type: c.CKA_LABEL, value: label }]),
    ...(id === null ? [] : [{ type: c.CKA_ID, value: id }]),
  ]
  lib.C_FindObjectsInit(session, template)
  const found = lib.C_FindObjects(session, 2)
  lib.C_FindObjectsFinal(session)
  const [key, another] = found
  if (!key) throw new Missing('the token has no secret key that matches the URI')
  if (another) throw new Missing('the token has several secret keys that match the URI: name one by object and id')
  return key
}

function checkExtractable({ lib, constants: c }: Library, session: Handle, key: Handle, bytes: number): void {
  const flag = (type: number) =>
    (lib.C_GetAttributeValue(session, key, [{ type }])[0]?.value as Buffer | undefined)?.[0] === 1
  if (!flag(c.CKA_EXTRACTABLE))
    throw new Refused(
      'the token does not let this key out: it was made with CKA_EXTRACTABLE false, which nobody can change; import a key that was made extractable, or make the CMK in the HSM',
    )
  const length = lib.C_GetAttributeValue(session, key, [{ type: c.CKA_VALUE_LEN }])[0]?.value as Buffer | undefined
  if (length && length.length >= 4 && length.readUInt32LE(0) !== bytes)
    throw new Refused(`the key in the token has ${length.readUInt32LE(0)} bytes, and the CMK needs ${bytes}`)
}

function wrapped(
  { lib, constants: c }: Library,
  session: Handle,
  key: Handle,
  { publicKey, algorithm }: Wrapping,
): Buffer {
  const { modulus, exponent } = rsaNumbers(publicKey)
  try {
    const wrappingKey = lib.C_CreateObject(session, [
      { type: c.CKA_CLASS, value: c.CKO_PUBLIC_KEY },
      { type: c.CKA_KEY_TYPE, value: c.CKK_RSA },
      { type: c.CKA_TOKEN, value: false },
      { type: c.CKA_WRAP, value: true },
      { type: c.CKA_MODULUS, value: modulus },
      { type: c.CKA_PUBLIC_EXPONENT, value: exponent },
    ])
    return lib.C_WrapKey(session, unwrapping(c, algorithm), wrappingKey, key, Buffer.alloc(modulus.length))
  } catch (error) {
    const remedy = faultOf(error) === 'unsupported' ? '; try another --algorithm' : ''
    throw new Refused(
      `the token does not wrap this key with ${MECHANISM_NAMES[algorithm]}: ${describeFault(error)}${remedy}`,
    )
  }
}
