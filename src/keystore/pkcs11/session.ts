// What every function of the library needs: a session that is still valid, and bytes as the add-on takes them.
import type * as Pkcs11js from 'pkcs11js'

export type Handle = Pkcs11js.Handle

/** The classes of objects that hold material. */
export const OBJECT_CLASSES = ['secret', 'private'] as const
export type ObjectClass = (typeof OBJECT_CLASSES)[number]

/**
 * The holder of a session. It returns the session for every single call of the library, and throws once the session has ended, so that no handle
 * found in one session is used in another.
 */
export interface SessionHolder {
  readonly session: Handle
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Returns the result of a call in another thread. Throws Voided if the login has ended: another login may have the session's number by then,
 * and the result may belong to its work.
 */
export async function still<T>(at: SessionHolder, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } finally {
    void at.session
  }
}
