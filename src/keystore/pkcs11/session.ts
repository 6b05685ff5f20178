// Shared by all functions of the library: access to a session that is still valid.
import type * as Pkcs11js from 'pkcs11js'

export type Handle = Pkcs11js.Handle

/** The classes of objects with key material. */
export const OBJECT_CLASSES = ['secret', 'private'] as const
export type ObjectClass = (typeof OBJECT_CLASSES)[number]

/**
 * The holder of a session. Every call of the library gets the session from it. It throws once the session has ended, so that a handle from one
 * session is never used in another.
 */
export interface SessionHolder {
  readonly session: Handle
}

/**
 * Returns the result of a call in another thread. Throws Voided if the login has ended meanwhile: a new login may have the session's number, so the
 * result may belong to other work.
 */
export async function still<T>(at: SessionHolder, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } finally {
    void at.session
  }
}
