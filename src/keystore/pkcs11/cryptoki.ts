// The C_ functions of PKCS #11 that Strongroom calls on a session. Only the library's process loads this file.
import type * as Pkcs11js from 'pkcs11js'
import { TAG_BYTES } from '../../cryptography/gcm.ts'
import type { WrappingAlgorithm } from '../../cryptography/wrap.ts'
import { asBuffer } from '../../runtime/bytes.ts'
import { faultOf, returnValueOf } from './faults.ts'
import type { Library } from './library.ts'
import { Pairs } from './pairs.ts'
import { type Handle, type ObjectClass, type SessionHolder, still } from './session.ts'
import { aesKey, type Constants, gcm, hmacKey, unwrapping } from './templates.ts'

type Template = Pkcs11js.Template

/** A token's slot and CK_TOKEN_INFO. */
export interface FoundToken {
  readonly slot: Handle
  readonly info: Pkcs11js.TokenInfo
}

/** A wrapping key and the algorithm of its use. */
export interface WrappingUse {
  readonly key: Handle
  readonly algorithm: WrappingAlgorithm
}

const KEY_BYTES = 32
/** The state of a read-write session in which the user is logged in. The add-on has no name for it. */
const CKS_RW_USER_FUNCTIONS = 3

/**
 * The check value of a key is the encryption of this block. INVARIANT: AES-GCM never encrypts this block under the key, whatever the nonce. The
 * last four bytes of GCM's counter blocks start at 1, and here they are zero; GCM derives its hash key from the all-zero block.
 */
const CHECK_BLOCK = Buffer.from('strongroom-k\0\0\0\0', 'latin1')

export class Cryptoki {
  /** The functions for key pairs. */
  readonly pairs: Pairs
  readonly #c: Constants
  readonly #lib: Pkcs11js.PKCS11
  /** The open sessions by their numbers. */
  readonly #sessions = new Map<string, Handle>()

  constructor(library: Library) {
    this.#c = library.constants
    this.#lib = library.lib
    this.pairs = new Pairs(library)
  }

  /** Returns the token with this label or serial number; null when there is none. */
  findToken(name: string): FoundToken | null {
    for (const slot of this.#lib.C_GetSlotList(true)) {
      try {
        const info = this.#lib.C_GetTokenInfo(slot)
        if (info.label.trim() === name || info.serialNumber.trim() === name) return { slot, info }
      } catch {
        // A slot that does not respond is skipped; another slot may have the token.
      }
    }
    return null
  }

  openSession(slot: Handle): Handle {
    const session = this.#lib.C_OpenSession(slot, this.#c.CKF_SERIAL_SESSION | this.#c.CKF_RW_SESSION)
    this.#sessions.set(session.toString('hex'), session)
    return session
  }

  /** Closes a session, unless it was closed before and the library has reused its number for another session. */
  closeSession(session: Handle): void {
    const number = session.toString('hex')
    if (this.#sessions.get(number) !== session) return
    this.#sessions.delete(number)
    try {
      this.#lib.C_CloseSession(session)
    } catch {
      // A session that can't be closed no longer exists.
    }
  }

  /** Logs in. Where the library reports a former login, logs out first, because the device may have lost that login. */
  login(session: Handle, pin: string): void {
    try {
      this.#lib.C_Login(session, this.#c.CKU_USER, pin)
    } catch (error) {
      if (returnValueOf(error) !== 'CKR_USER_ALREADY_LOGGED_IN') throw error
      this.logout(session)
      this.#lib.C_Login(session, this.#c.CKU_USER, pin)
    }
  }

  /** Logs out. Ignores errors. */
  logout(session: Handle): void {
    try {
      this.#lib.C_Logout(session)
    } catch {
      // The session is logged out already, or the device is gone; the next login shows which.
    }
  }

  /** Whether the session is logged in. Without a login, many libraries find no private objects and report no error. */
  isLoggedIn(at: SessionHolder): boolean {
    return this.#lib.C_GetSessionInfo(at.session).state === CKS_RW_USER_FUNCTIONS
  }

  random(at: SessionHolder, length: number): Buffer {
    return this.#lib.C_GenerateRandom(at.session, Buffer.alloc(length))
  }

  /** The objects of a class with this CKA_ID (hexadecimal), or all objects of the class with null. */
  find(at: SessionHolder, what: ObjectClass, id: string | null): Handle[] {
    const c = this.#c
    const value = what === 'secret' ? c.CKO_SECRET_KEY : c.CKO_PRIVATE_KEY
    const its: Template = id === null ? [] : [{ type: c.CKA_ID, value: Buffer.from(id, 'hex') }]
    return this.#find(at, [{ type: c.CKA_CLASS, value }, ...its])
  }

  /** The objects of any class with this CKA_ID. */
  findAny(at: SessionHolder, id: string): Handle[] {
    return this.#find(at, [{ type: this.#c.CKA_ID, value: Buffer.from(id, 'hex') }])
  }

  #find(at: SessionHolder, which: Template): Handle[] {
    const template: Template = [...which, { type: this.#c.CKA_TOKEN, value: true }]
    this.#lib.C_FindObjectsInit(at.session, template)
    const found: Handle[] = []
    try {
      for (let some = this.#lib.C_FindObjects(at.session, 256); some.length > 0; ) {
        found.push(...some)
        some = this.#lib.C_FindObjects(at.session, 256)
      }
    } finally {
      this.#lib.C_FindObjectsFinal(at.session)
    }
    return found
  }

  destroy(at: SessionHolder, object: Handle): void {
    this.#lib.C_DestroyObject(at.session, object)
  }

  /** CKA_ID (hexadecimal), label and protection of an object. */
  describe(at: SessionHolder, object: Handle) {
    const c = this.#c
    const types = [c.CKA_ID, c.CKA_LABEL, c.CKA_SENSITIVE, c.CKA_EXTRACTABLE]
    const values = this.#lib.C_GetAttributeValue(
      at.session,
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

  /** Generates an AES-256 key in the token. */
  async generateKey(at: SessionHolder, id: string, label: string): Promise<Handle> {
    const template = [...aesKey(this.#c, { id, label }), { type: this.#c.CKA_VALUE_LEN, value: KEY_BYTES }]
    const mechanism = { mechanism: this.#c.CKM_AES_KEY_GEN }
    return still(at, this.#lib.C_GenerateKeyAsync(at.session, mechanism, template))
  }

  /** Generates an AES-256 key that ends with the session. */
  async generateSessionKey(at: SessionHolder): Promise<Handle> {
    const template = [...aesKey(this.#c, null), { type: this.#c.CKA_VALUE_LEN, value: KEY_BYTES }]
    const mechanism = { mechanism: this.#c.CKM_AES_KEY_GEN }
    return still(at, this.#lib.C_GenerateKeyAsync(at.session, mechanism, template))
  }

  /** Unwraps an AES key: into the token with an id and a label, or with null for this session only. Callers unwrap one key at a time (SlowWork). */
  unwrap(
    at: SessionHolder,
    wrapping: WrappingUse,
    wrapped: Uint8Array,
    kept: { id: string; label: string } | null,
  ): Promise<Handle> {
    return this.#unwrap(at, wrapping, wrapped, aesKey(this.#c, kept))
  }

  /** Unwraps bytes of any length as an HMAC key of this session. */
  unwrapAny(at: SessionHolder, wrapping: WrappingUse, wrapped: Uint8Array): Promise<Handle> {
    return this.#unwrap(at, wrapping, wrapped, hmacKey(this.#c))
  }

  async #unwrap(at: SessionHolder, wrapping: WrappingUse, wrapped: Uint8Array, template: Template): Promise<Handle> {
    const mechanism = unwrapping(this.#c, wrapping.algorithm)
    return still(at, this.#lib.C_UnwrapKeyAsync(at.session, mechanism, wrapping.key, Buffer.from(wrapped), template))
  }

  /**
   * Whether a wrapped AES key has 256 bits. Only for devices that do not report CKA_VALUE_LEN: these refuse a shorter key for HMAC-SHA-256. It
   * unwraps a copy for this session, which is as sensitive and as unextractable as the key itself, and tries HMAC with it.
   */
  async isLongEnough(at: SessionHolder, wrapping: WrappingUse, wrapped: Uint8Array): Promise<boolean> {
    const copy = await this.unwrapAny(at, wrapping, wrapped)
    try {
      this.#lib.C_SignInit(at.session, { mechanism: this.#c.CKM_SHA256_HMAC }, copy)
      this.#lib.C_Sign(at.session, CHECK_BLOCK, Buffer.alloc(32))
      return true
    } catch (error) {
      if (returnValueOf(error) !== 'CKR_KEY_SIZE_RANGE') throw error
      return false
    } finally {
      this.destroy(at, copy)
    }
  }

  /** CKA_VALUE_LEN; 0 when the device does not report it. */
  lengthOf(at: SessionHolder, key: Handle): number {
    try {
      const [length] = this.#lib.C_GetAttributeValue(at.session, key, [{ type: this.#c.CKA_VALUE_LEN }])
      const bytes = length?.value as Buffer | undefined
      return bytes && bytes.length >= 4 ? bytes.readUInt32LE(0) : 0
    } catch (error) {
      if (faultOf(error) !== 'unsupported') throw error
      return 0
    }
  }

  /** Returns 16 bytes that identify a key. They reveal nothing about the key or about what it encrypts. */
  checkValue(at: SessionHolder, key: Handle): Buffer {
    this.#lib.C_EncryptInit(at.session, { mechanism: this.#c.CKM_AES_ECB }, key)
    return Buffer.from(this.#lib.C_Encrypt(at.session, CHECK_BLOCK, Buffer.alloc(32)))
  }

  /** Starts an encryption with `nonce` (12 bytes). The device may overwrite `nonce` with its own, so read it afterwards. */
  encryptInit(at: SessionHolder, key: Handle, nonce: Buffer, aad: Uint8Array): void {
    this.#lib.C_EncryptInit(at.session, gcm(this.#c, nonce, asBuffer(aad)), key)
  }

  encrypt(at: SessionHolder, plaintext: Uint8Array): Buffer {
    return this.#lib.C_Encrypt(at.session, asBuffer(plaintext), Buffer.allocUnsafe(plaintext.length + TAG_BYTES))
  }

  encryptAside(at: SessionHolder, plaintext: Uint8Array): Promise<Buffer> {
    const room = Buffer.allocUnsafe(plaintext.length + TAG_BYTES)
    return still(at, this.#lib.C_EncryptAsync(at.session, asBuffer(plaintext), room))
  }

  decryptInit(at: SessionHolder, key: Handle, nonce: Uint8Array, aad: Uint8Array): void {
    this.#lib.C_DecryptInit(at.session, gcm(this.#c, asBuffer(nonce), asBuffer(aad)), key)
  }

  decrypt(at: SessionHolder, sealed: Uint8Array): Buffer {
    // Some libraries need room for the tag in the output, too.
    return this.#lib.C_Decrypt(at.session, asBuffer(sealed), Buffer.allocUnsafe(sealed.length))
  }

  decryptAside(at: SessionHolder, sealed: Uint8Array): Promise<Buffer> {
    return still(at, this.#lib.C_DecryptAsync(at.session, asBuffer(sealed), Buffer.allocUnsafe(sealed.length)))
  }
}
