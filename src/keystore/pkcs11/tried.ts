// What was tried on the devices, each thing once on each device.
import type { Access } from './login.ts'
import type { Abilities } from './protocol.ts'
import type { SlowWork } from './slow-work.ts'
import type { Token } from './token.ts'

export class Tried<Thing extends string> {
  readonly #kind: SlowWork
  readonly #attempt: (access: Access) => Promise<Abilities<Thing>>
  /** By model, serial number and firmware. */
  readonly #known = new Map<string, Abilities<Thing>>()

  /** `attempt` returns what keeps a device from each thing; `kind` is what it keeps the device busy with. */
  constructor(kind: SlowWork, attempt: (access: Access) => Promise<Abilities<Thing>>) {
    this.#kind = kind
    this.#attempt = attempt
  }

  /** What keeps a token from each thing. */
  async on(token: Token, expiresAt: number): Promise<Abilities<Thing>> {
    const known = this.#known.get(token.device ?? '')
    if (known) return known
    const find = async (access: Access) => {
      // Work that waited behind other work uses its result.
      const abilities = this.#known.get(access.device) ?? (await this.#attempt(access))
      this.#known.set(access.device, abilities)
      return abilities
    }
    return token.useSlowly(this.#kind, find, expiresAt)
  }
}
