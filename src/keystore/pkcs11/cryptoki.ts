// The C_ functions that Strongroom uses, on one session: templates, mechanisms and lengths in one place.
// Loaded in the library's own process only.
import type * as Pkcs11js from 'pkcs11js'
import type { WrappingAlgorithm } from '../../cryptography/wrap.ts'
import { Away, returnValueOf, SetupFault } from './faults.ts'
import type { Opening } from './protocol.ts'
import { aesKey, type Constants, gcm, hmacKey, unwrapping, wrappingPair } from './templates.ts'

export type Handle = Pkcs11js.Handle
type Template = Pkcs11js.Template

const KEY_BYTES = 32
const TAG_BYTES = 16

/**
 * What the check value of a key is the encryption of. INVARIANT: AES-GCM never encrypts this block under the key, whatever the nonce: its
 * counter (the last four bytes) starts at 1, and the block is not the zero block of which GCM makes its hash key.
 */
const CHECK_BLOCK = Buffer.from('strongroom-k\0\0\0\0', 'latin1')

export class Cryptoki {
  readonly #c: Constants
  readonly #lib: Pkcs11js.PKCS11

  private constructor(constants: Constants, lib: Pkcs11js.PKCS11) {
    this.#c = constants
    this.#lib = lib
  }

  /** Loads and initializes the library. Throws SetupFault, and Away when the library does not reach its device yet. */
  static async load({ module, parameters }: Pick<Opening, 'module' | 'parameters'>): Promise<Cryptoki> {
    const constants = await import('pkcs11js').then(
      (addOn) => addOn.default as unknown as Constants,
      () => {
        throw new SetupFault(
          'the add-on `pkcs11js`, through which an HSM is reached, is not installed: install a C++ compiler, make and python3, and run `npm rebuild pkcs11js`',
        )
      },
    )
    const lib = new constants.PKCS11()
    try {
      lib.load(module)
    } catch (error) {
      throw new SetupFault(`the PKCS #11 library \`${module}\` can't be loaded: ${(error as Error).message}`)
    }
    try {
      const flags = constants.CKF_OS_LOCKING_OK
      // The add-on cuts the last character off the parameters: a blank is sacrificed.
      lib.C_Initialize(parameters === null ? { flags } : { flags, libraryParameters: `${parameters} ` })
    } catch (error) {
      if (returnValueOf(error) !== 'CKR_CRYPTOKI_ALREADY_INITIALIZED')
        throw new Away(
          `the PKCS #11 library \`${module}\` can't be initialized: ${(error as Error).message}; check hsm-parameters and the library's own configuration`,
        )
    }
    return new Cryptoki(constants, lib)
  }

  /** The slot whose token has this label or serial number, with what the token tells of itself; null when there is none. */
  findToken(name: string): { slot: Handle; info: Pkcs11js.TokenInfo } | null {
    for (const slot of this.#lib.C_GetSlotList(true)) {
      try {
        const info = this.#lib.C_GetTokenInfo(slot)
        if (info.label.trim() === name || info.serialNumber.trim() === name) return { slot, info }
      } catch {
        // A slot that can't be asked is not the one: another may be.
      }
    }
    return null
  }

  openSession(slot: Handle): Handle {
    return this.#lib.C_OpenSession(slot, this.#c.CKF_SERIAL_SESSION | this.#c.CKF_RW_SESSION)
  }

  closeSession(session: Handle): void {
    this.#lib.C_CloseSession(session)
  }

  login(session: Handle, pin: string): void {
    try {
      this.#lib.C_Login(session, this.#c.CKU_USER, pin)
    } catch (error) {
      if (returnValueOf(error) !== 'CKR_USER_ALREADY_LOGGED_IN') throw error
    }
  }

  logout(session: Handle): void {
    this.#lib.C_Logout(session)
  }

  random(session: Handle, length: number): Buffer {
    return this.#lib.C_GenerateRandom(session, Buffer.alloc(length))
  }

  /** The objects of a class with this CKA_ID, or all of the class. */
  find(session: Handle, what: 'secret' | 'private', id: string | null): Handle[] {
    const c = this.#c
    const template: Template = [
      { type: c.CKA_CLASS, value: what === 'secret' ? c.CKO_SECRET_KEY : c.CKO_PRIVATE_KEY },
      { type: c.CKA_TOKEN, value: true },
    ]
    if (id !== null) template.push({ type: c.CKA_ID, value: Buffer.from(id, 'hex') })
    this.#lib.C_FindObjectsInit(session, template)
    const found: Handle[] = []
    try {
      for (let some = this.#lib.C_FindObjects(session, 256); some.length > 0; ) {
        found.push(...some)
        some = this.#lib.C_FindObjects(session, 256)
      }
    } finally {
      this.#lib.C_FindObjectsFinal(session)
    }
    return found
  }

  destroy(session: Handle, object: Handle): void {
    this.#lib.C_DestroyObject(session, object)
  }

  /** CKA_ID (hexadecimal), label and protection of an object. */
  describe(session: Handle, object: Handle) {
    const c = this.#c
    const types = [c.CKA_ID, c.CKA_LABEL, c.CKA_SENSITIVE, c.CKA_EXTRACTABLE]
    const values = this.#lib.C_GetAttributeValue(
      session,
      object,
      types.map((type) => ({ type })),
    )
    const [id, label, sensitive, extractable] = values.map(({ value }) => value as Buffer)
    return {
      id: id?.toString('hex') ?? '',
      label: label?.toString('utf8') ?? '',
      sensitive: sensitive?.[0] === 1,
      extractable: extractable?.[0] !== 0,
    }
  }

  /** A new AES-256 key, made in the device. */
  async generateKey(session: Handle, id: string, label: string): Promise<Handle> {
    const template = [...aesKey(this.#c, { id, label }), { type: this.#c.CKA_VALUE_LEN, value: KEY_BYTES }]
    return this.#lib.C_GenerateKeyAsync(session, { mechanism: this.#c.CKM_AES_KEY_GEN }, template)
  }

  /** A new AES-256 key that is gone with the session. */
  async generateSessionKey(session: Handle): Promise<Handle> {
    const template = [...aesKey(this.#c, null), { type: this.#c.CKA_VALUE_LEN, value: KEY_BYTES }]
    return this.#lib.C_GenerateKeyAsync(session, { mechanism: this.#c.CKM_AES_KEY_GEN }, template)
  }

  /** A new RSA-2048 pair for unwrapping. The public key is of this session only. */
  async generateWrappingPair(session: Handle, token: boolean, id: string, label: string) {
    const c = this.#c
    const template = wrappingPair(c, token, id, label)
    const mechanism = { mechanism: c.CKM_RSA_PKCS_KEY_PAIR_GEN }
    const pair = await this.#lib.C_GenerateKeyPairAsync(session, mechanism, template.publicKey, template.privateKey)
    const [modulus, exponent] = this.#lib
      .C_GetAttributeValue(session, pair.publicKey, [{ type: c.CKA_MODULUS }, { type: c.CKA_PUBLIC_EXPONENT }])
      .map(({ value }) => value as Buffer)
    this.destroy(session, pair.publicKey)
    return { privateKey: pair.privateKey, modulus: modulus ?? Buffer.alloc(0), exponent: exponent ?? Buffer.alloc(0) }
  }

  /** Unwraps an AES key: into the token with an id and a label, or for this session only. */
  unwrap(
    session: Handle,
    wrapping: { key: Handle; algorithm: WrappingAlgorithm },
    wrapped: Uint8Array,
    kept: { id: string; label: string } | null,
  ): Handle {
    const template = aesKey(this.#c, kept)
    return this.#lib.C_UnwrapKey(
      session,
      unwrapping(this.#c, wrapping.algorithm),
      wrapping.key,
      Buffer.from(wrapped),
      template,
    )
  }

  /**
   * Whether wrapped material that is an AES key is one of 256 bits. Only for devices that do not tell CKA_VALUE_LEN: these take no
   * shorter key for HMAC-SHA-256. A copy for this session is tried with it, as sensitive and as little extractable as the key itself.
   */
  isLongEnough(session: Handle, wrapping: { key: Handle; algorithm: WrappingAlgorithm }, wrapped: Uint8Array): boolean {
    const mechanism = unwrapping(this.#c, wrapping.algorithm)
    const copy = this.#lib.C_UnwrapKey(session, mechanism, wrapping.key, Buffer.from(wrapped), hmacKey(this.#c))
    try {
      this.#lib.C_SignInit(session, { mechanism: this.#c.CKM_SHA256_HMAC }, copy)
      this.#lib.C_Sign(session, CHECK_BLOCK, Buffer.alloc(32))
      return true
    } catch (error) {
      if (returnValueOf(error) !== 'CKR_KEY_SIZE_RANGE') throw error
      return false
    } finally {
      this.destroy(session, copy)
    }
  }

  /** CKA_VALUE_LEN; 0 where the device does not tell. */
  lengthOf(session: Handle, key: Handle): number {
    try {
      const [length] = this.#lib.C_GetAttributeValue(session, key, [{ type: this.#c.CKA_VALUE_LEN }])
      const bytes = length?.value as Buffer | undefined
      return bytes && bytes.length >= 4 ? bytes.readUInt32LE(0) : 0
    } catch {
      return 0
    }
  }

  /** 16 bytes by which a key is recognized. They tell nothing about it, nor about what it encrypts. */
  checkValue(session: Handle, key: Handle): Buffer {
    this.#lib.C_EncryptInit(session, { mechanism: this.#c.CKM_AES_ECB }, key)
    return Buffer.from(this.#lib.C_Encrypt(session, CHECK_BLOCK, Buffer.alloc(32)))
  }

  /** `nonce` (12 bytes) is used, unless the device overwrites it with one of its own: read it afterwards. */
  encryptInit(session: Handle, key: Handle, nonce: Buffer, aad: Uint8Array): void {
    this.#lib.C_EncryptInit(session, gcm(this.#c, nonce, asBuffer(aad)), key)
  }

  encrypt(session: Handle, plaintext: Uint8Array): Buffer {
    return this.#lib.C_Encrypt(session, asBuffer(plaintext), Buffer.allocUnsafe(plaintext.length + TAG_BYTES))
  }

  encryptAside(session: Handle, plaintext: Uint8Array): Promise<Buffer> {
    return this.#lib.C_EncryptAsync(session, asBuffer(plaintext), Buffer.allocUnsafe(plaintext.length + TAG_BYTES))
  }

  decryptInit(session: Handle, key: Handle, nonce: Uint8Array, aad: Uint8Array): void {
    this.#lib.C_DecryptInit(session, gcm(this.#c, asBuffer(nonce), asBuffer(aad)), key)
  }

  decrypt(session: Handle, sealed: Uint8Array): Buffer {
    // Some libraries want room for the tag too.
    return this.#lib.C_Decrypt(session, asBuffer(sealed), Buffer.allocUnsafe(sealed.length))
  }

  decryptAside(session: Handle, sealed: Uint8Array): Promise<Buffer> {
    return this.#lib.C_DecryptAsync(session, asBuffer(sealed), Buffer.allocUnsafe(sealed.length))
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
