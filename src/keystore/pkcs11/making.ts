// Creates objects in a token. Each attempt has its own CKA_ID, so an object that a failed attempt left behind is never mistaken for the object of
// the next attempt.
import { setTimeout as pause } from 'node:timers/promises'
import { randomBytes } from '../../runtime/random.ts'
import type { Cryptoki } from './cryptoki.ts'
import { Full, faultOf } from './faults.ts'
import type { Access } from './login.ts'
import { newObjectId } from './object-names.ts'
import type { ObjectClass } from './session.ts'

const TRIES = 4
const PAUSE_MS = 10

/** The creation of one object, across all attempts and tokens. */
export class Making {
  readonly #cryptoki: Cryptoki
  readonly #what: ObjectClass
  readonly #prefix: string
  readonly #begun: string[] = []

  /** `prefix` is the beginning of the CKA_ID (objectIdPrefix). */
  constructor(cryptoki: Cryptoki, what: ObjectClass, prefix: string) {
    this.#cryptoki = cryptoki
    this.#what = what
    this.#prefix = prefix
  }

  /**
   * Creates the object with `make`, and returns it with its CKA_ID. Throws Full when there is no room for it. Some libraries return the same
   * general error for a full token and for a conflict between two processes. So a token counts as full only if several attempts fail while it is
   * present and can create session keys.
   */
  async on<T>(access: Access, make: (id: string) => T | Promise<T>): Promise<{ id: string; made: T }> {
    const full = new Full('the token has no room for another key')
    for (let tries = 1; ; tries++) {
      this.#clear(access)
      const id = newObjectId(this.#prefix, randomBytes)
      this.#begun.push(id)
      try {
        return { id, made: await make(id) }
      } catch (error) {
        if (faultOf(error) === 'full') throw full
        if (faultOf(error) !== 'ambiguous' || !access.present()) throw error
        if (tries === TRIES) {
          this.#cryptoki.destroy(access, await this.#cryptoki.generateSessionKey(access))
          throw full
        }
        await pause(PAUSE_MS * tries)
      }
    }
  }

  /** Destroys the objects that former attempts left on this token. */
  #clear(access: Access): void {
    for (const id of this.#begun)
      for (const object of this.#cryptoki.find(access, this.#what, id)) this.#cryptoki.destroy(access, object)
  }
}
