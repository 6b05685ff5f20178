// Notes of a worker that the owner writes: uses of keys, and last uses of AccessKeys.
import type { Uses } from '../../keystore/keystore.ts'
import type { VersionPlace } from '../../keystore/version-place.ts'
import type { ToOwner } from './remote-rooms.ts'

/** The most AccessKeys whose last reported second is remembered. */
const KNOWN = 10_000

/**
 * Notes that the owner stores later. Uses of keys go to the owner once a second. The last use of an AccessKey goes to the owner once per
 * second of use, before the first call in that second commits.
 */
export class Notes implements Uses {
  readonly #owner: ToOwner
  readonly #uses = new Map<string, { readonly place: VersionPlace; uses: number }>()
  #lastUsed = new Map<string, number>()
  /** The second of the last use that the owner knows, by AccessKeyId. */
  readonly #known = new Map<string, number>()

  constructor(owner: ToOwner) {
    this.#owner = owner
  }

  /** Counts a message that a software key encrypted. */
  note(place: VersionPlace): void {
    const noted = this.#uses.get(place.versionId)
    if (noted) noted.uses++
    else this.#uses.set(place.versionId, { place, uses: 1 })
  }

  /** Asks the owner at once: uses that are reserved in advance must be stored before the key is used. */
  reserve(place: VersionPlace, count: number, limit: number): Promise<number | null> {
    return this.#owner.ask('reserve', place, count, limit)
  }

  /** Notes when an AccessKey is used, and asks the owner for its last use. */
  readonly lastUsed = {
    note: (accessKeyId: string, now: number): void => {
      const second = Math.floor(now / 1000)
      if (this.#known.get(accessKeyId) === second) return
      if (this.#known.size >= KNOWN) this.#known.clear()
      this.#known.set(accessKeyId, second)
      this.#lastUsed.set(accessKeyId, now)
    },
    at: (accessKeyId: string): Promise<number | null> => {
      this.tellLastUsed()
      return this.#owner.ask('lastUsedAt', accessKeyId)
    },
  }

  /** Reports to the owner when AccessKeys were used. Every commit calls this first. */
  tellLastUsed(): void {
    if (this.#lastUsed.size === 0) return
    this.#owner.tell('lastUsed', [...this.#lastUsed])
    this.#lastUsed = new Map()
  }

  /** Reports to the owner how often keys were used since the last report. */
  tellUses(): void {
    if (this.#uses.size === 0) return
    this.#owner.tell('uses', [...this.#uses.values()])
    this.#uses.clear()
  }
}
