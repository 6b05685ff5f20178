// Decrypts a ciphertext in the device. A library's general error does not say whether the ciphertext or the device is at fault.
import { NONCE_BYTES, TAG_BYTES } from '../../cryptography/gcm.ts'
import type { Cryptoki } from './cryptoki.ts'
import { describeFault, faultOf } from './faults.ts'
import type { Access } from './login.ts'
import type { Pace } from './pace.ts'
import type { Handle } from './session.ts'

const PROBE = Buffer.alloc(32, 1)

interface Message {
  readonly nonce: Uint8Array
  readonly sealed: Uint8Array
  readonly aad: Uint8Array
}

/** Returns the plaintext; null when the ciphertext is not authentic. */
export async function opened(
  cryptoki: Cryptoki,
  access: Access,
  id: string,
  message: Message,
  pace: Pace,
): Promise<Uint8Array | null> {
  // With less than a tag, some libraries leave the decryption operation active.
  if (message.sealed.length < TAG_BYTES) return null
  const key = access.find('secret', id)
  const once = () =>
    pace.of(
      () => open(cryptoki, access, key, message),
      () => openAside(cryptoki, access, key, message),
    )
  return openedOrNot(once, async (unclear, times) => {
    cryptoki.checkValue(access, key)
    await proveThatItOpens(cryptoki, access, unclear, times)
  })
}

/**
 * Returns the result of `once`; null when the device reports that the ciphertext is invalid. A general error counts as such a report only if it
 * occurs three times, and if after each time `prove` finds that the device still uses the same key, decrypts valid ciphertexts (`times` of them),
 * and returns the same error for an invalid one. Otherwise throws the library's error.
 */
export async function openedOrNot(
  once: () => Uint8Array | Promise<Uint8Array>,
  prove: (unclear: unknown, times: number) => Promise<void>,
): Promise<Uint8Array | null> {
  for (let tries = 1; tries <= 3; tries++)
    try {
      return await once()
    } catch (error) {
      if (faultOf(error) === 'data') return null
      if (faultOf(error) !== 'ambiguous') throw error
      await prove(error, tries)
    }
  return null
}

function open(cryptoki: Cryptoki, access: Access, key: Handle, { nonce, sealed, aad }: Message): Uint8Array {
  cryptoki.decryptInit(access, key, nonce, aad)
  return cryptoki.decrypt(access, sealed)
}

function openAside(
  cryptoki: Cryptoki,
  access: Access,
  key: Handle,
  { nonce, sealed, aad }: Message,
): Promise<Uint8Array> {
  cryptoki.decryptInit(access, key, nonce, aad)
  return cryptoki.decryptAside(access, sealed)
}

/** Throws unless the device decrypts a ciphertext of a session key `times` times, and returns the error `unclear` for the altered ciphertext. */
async function proveThatItOpens(cryptoki: Cryptoki, access: Access, unclear: unknown, times: number): Promise<void> {
  const key = await cryptoki.generateSessionKey(access)
  const nonce = cryptoki.random(access, NONCE_BYTES)
  cryptoki.encryptInit(access, key, nonce, PROBE)
  const sealed = cryptoki.encrypt(access, PROBE)
  for (let i = 0; i < times; i++) open(cryptoki, access, key, { nonce, sealed, aad: PROBE })
  sealed[0] = (sealed[0] ?? 0) ^ 1
  demandSame(unclear, () => open(cryptoki, access, key, { nonce, sealed, aad: PROBE }))
  cryptoki.destroy(access, key)
}

/** Throws `unclear` unless the work fails with the same error. */
export function demandSame(unclear: unknown, work: () => unknown): void {
  if (describeFault(errorOf(work)) !== describeFault(unclear)) throw unclear
}

function errorOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
