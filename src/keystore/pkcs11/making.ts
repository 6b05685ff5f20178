// Making objects of the token. Each attempt has a CKA_ID of its own: an object that a failed attempt left on a token is never taken for
// the one that the next attempt makes.
import { setTimeout as pause } from 'node:timers/promises'
import { randomBytes } from '../../runtime/random.ts'
import type { Cryptoki } from './cryptoki.ts'
import { Full, faultOf } from './faults.ts'
import type { Access } from './login.ts'
import { newObjectId } from './object-names.ts'
import type { ObjectClass } from './session.ts'

const TRIES = 4
const PAUSE_MS = 10

/** The making of one object, over all attempts and tokens. */
export class Making {
  readonly #cryptoki: Cryptoki
  readonly #what: ObjectClass
  readonly #prefix: string
  readonly #begun: string[] = []

  /** `prefix` is what the CKA_ID begins with: objectIdPrefix. */
  constructor(cryptoki: Cryptoki, what: ObjectClass, prefix: string) {
    this.#cryptoki = cryptoki
    this.#what = what
    this.#prefix = prefix
  }

  /**
   * Makes the object with `make`, and returns it with its CKA_ID. Throws Full when there is no room for it. Some libraries return the same
   * general error for a full token and for a conflict of two processes: a token counts as full only if several attempts fail, and it is
   * present and can make keys of a session.
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

  /** Destroys what former attempts left on this token. */
  #clear(access: Access): void {
    for (const id of this.#begun)
      for (const object of this.#cryptoki.find(access, this.#what, id)) this.#cryptoki.destroy(access, object)
  }
}
