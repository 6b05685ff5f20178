// The results of trials. Each trial runs once for each device.
import type { Access } from './login.ts'
import type { Abilities } from './protocol.ts'
import type { SlowWork } from './slow-work.ts'
import type { Token } from './token.ts'

export class Tried<Thing extends string> {
  readonly #kind: SlowWork
  readonly #attempt: (access: Access) => Promise<Abilities<Thing>>
  /** By model, serial number and firmware. */
  readonly #known = new Map<string, Abilities<Thing>>()

  /** `attempt` tries the abilities on a device. `kind` is the kind of slow work that it does. */
  constructor(kind: SlowWork, attempt: (access: Access) => Promise<Abilities<Thing>>) {
    this.#kind = kind
    this.#attempt = attempt
  }

  /** Returns the abilities of a token. */
  async on(token: Token, expiresAt: number): Promise<Abilities<Thing>> {
    const known = this.#known.get(token.device ?? '')
    if (known) return known
    const find = async (access: Access) => {
      // A trial that waited behind another one uses the result of that one.
      const abilities = this.#known.get(access.device) ?? (await this.#attempt(access))
      this.#known.set(access.device, abilities)
      return abilities
    }
    return token.useSlowly(this.#kind, find, expiresAt)
  }
}
