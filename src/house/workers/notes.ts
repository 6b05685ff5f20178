// What a worker notes and the owner writes: uses of keys, and when AccessKeys were used.
import type { Uses } from '../../keystore/keystore.ts'
import type { VersionPlace } from '../../keystore/version-place.ts'
import type { ToOwner } from './remote-rooms.ts'

/** The most AccessKeys of which the second that the owner knows is remembered. */
const KNOWN = 10_000

/**
 * Notes what the owner writes later: uses of keys, told once a second, and when AccessKeys were used, told for each second before the first
 * call in it commits.
 */
export class Notes implements Uses {
  readonly #owner: ToOwner
  readonly #uses = new Map<string, { readonly place: VersionPlace; uses: number }>()
  #lastUsed = new Map<string, number>()
  /** The second of the last use that the owner knows of, by AccessKeyId. */
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

  /** Asks at once: what is counted in advance is stored before it is used. */
  reserve(place: VersionPlace, count: number, limit: number): Promise<number | null> {
    return this.#owner.ask('reserve', place, count, limit)
  }

  /** Notes when an AccessKey was used, and finds out when one was used last. */
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

  /** Tells the owner when AccessKeys were used. Whoever commits a call calls this before. */
  tellLastUsed(): void {
    if (this.#lastUsed.size === 0) return
    this.#owner.tell('lastUsed', [...this.#lastUsed])
    this.#lastUsed = new Map()
  }

  /** Tells the owner how often keys were used since the last time. */
  tellUses(): void {
    if (this.#uses.size === 0) return
    this.#owner.tell('uses', [...this.#uses.values()])
    this.#uses.clear()
  }
}
