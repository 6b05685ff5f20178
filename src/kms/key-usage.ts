// How many messages each key version has encrypted. Uses of software keys are counted in memory and written in the background, so that no
// call waits for the write. Uses of keys in an HSM and of SM4 keys are reserved in advance (keystore/reserved-uses.ts).
import { refuse } from '../api/errors.ts'
import type { Uses } from '../keystore/keystore.ts'
import type { VersionPlace } from '../keystore/version-place.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { childrenOf } from '../ledger/many.ts'
import { type Change, expectUnmoved, insert, type Recorded, type Scope, update } from '../ledger/record.ts'
import { USAGE, type UsageBody, VERSION } from './records.ts'

const AT_ONCE = 500
/** How many versions' totals stay in memory, the most recently written ones. */
const KEPT = 10_000

/** The uses of a key version that this server knows of. */
interface VersionUses extends VersionPlace {
  readonly uses: number
}

export class KeyUsage implements Uses {
  readonly #ledger: Ledger
  readonly #now: () => number
  /** Uses that are not stored yet, by version. */
  #noted = new Map<string, { readonly place: VersionPlace; uses: number }>()
  /** The totals that this server stored last, by version; at most KEPT. */
  readonly #written = new Map<string, VersionUses>()

  /** `now`: milliseconds since 1970. */
  constructor(ledger: Ledger, now: () => number) {
    this.#ledger = ledger
    this.#now = now
  }

  note(place: VersionPlace, uses = 1): void {
    const noted = this.#noted.get(place.versionId)
    if (noted) noted.uses += uses
    else this.#noted.set(place.versionId, { place, uses })
  }

  async reserve(place: VersionPlace, count: number, limit: number): Promise<number | null> {
    for (;;) {
      const total = await this.#add(place, count, limit)
      if (total === 'gone') throw refuse('Forbidden.KeyNotFound')
      if (total !== 'moved') return total
    }
  }

  /** Stores the uses noted since the last write. Uses that can't be stored stay noted for the next write. */
  async write(): Promise<void> {
    const noted = [...this.#noted.values()]
    for (let start = 0; start < noted.length; start += AT_ONCE)
      await Promise.all(noted.slice(start, start + AT_ONCE).map((uses) => this.#write(uses)))
  }

  /** Returns the uses of a key's versions, or of all versions in an account and region, including those not stored yet. */
  async list(scope: Scope, keyId: string | null): Promise<readonly VersionUses[]> {
    const records =
      keyId === null
        ? (await Array.fromAsync(this.#ledger.byCreation(USAGE, scope))).flat()
        : await childrenOf(USAGE, scope, keyId, this.#ledger)
    return records.map((record) => this.#usesOf(record))
  }

  /** Returns the most used of the versions that this server has in memory, including uses not stored yet; for metrics. */
  busiest(limit: number): readonly VersionUses[] {
    const counted = new Map(this.#written)
    for (const [id, { place, uses }] of this.#noted)
      counted.set(id, { ...place, uses: (counted.get(id)?.uses ?? 0) + uses })
    return [...counted.values()].sort((a, b) => b.uses - a.uses).slice(0, limit)
  }

  #usesOf({ account, region, id, body }: Recorded<UsageBody>): VersionUses {
    const unwritten = this.#noted.get(id)?.uses ?? 0
    const { keyId, keySpec = 'Aliyun_AES_256', protectionLevel } = body
    return { account, region, keyId, versionId: id, keySpec, protectionLevel, uses: body.uses + unwritten }
  }

  async #write(noted: { readonly place: VersionPlace; uses: number }): Promise<void> {
    const { uses } = noted
    if (uses === 0) return void this.#noted.delete(noted.place.versionId)
    // Uses noted during this write belong to the next write. The count of a deleted version is dropped.
    noted.uses = 0
    const total = await this.#add(noted.place, uses, Number.POSITIVE_INFINITY).catch((error: unknown) => {
      noted.uses += uses
      throw error
    })
    if (total === 'moved') noted.uses += uses
  }

  /** Adds `count` to the stored uses of a version. Returns the new total, or null where it would exceed `limit`. */
  async #add(place: VersionPlace, count: number, limit: number): Promise<number | null | 'moved' | 'gone'> {
    const { versionId, keyId, keySpec, protectionLevel, account, region } = place
    const scope = { account, region }
    const [version, record] = await Promise.all([
      this.#ledger.get(VERSION, scope, versionId),
      this.#ledger.get(USAGE, scope, versionId),
    ])
    const uses = (record?.body.uses ?? 0) + count
    if (uses > limit) return null
    if (!version) return 'gone'
    const body = { keyId, ...(keySpec !== 'Aliyun_AES_256' && { keySpec }), protectionLevel, uses }
    const change: Change = record
      ? update(record, { body })
      : insert(USAGE, { ...scope, id: versionId, parent: keyId, createdAt: this.#now(), body })
    const changes = [expectUnmoved(version), change]
    if ((await this.#ledger.commit({ changes, nonce: null, event: null })) !== 'committed') return 'moved'
    this.#written.delete(versionId)
    this.#written.set(versionId, { ...place, uses })
    const oldest = this.#written.keys().next()
    if (this.#written.size > KEPT && !oldest.done) this.#written.delete(oldest.value)
    return uses
  }
}
