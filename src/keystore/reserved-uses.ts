// The uses of keys with nonces of 96 bits, counted before they happen: a block of them is reserved durably, then handed out from memory. A crash skips what is left of a block; the count never falls behind what was encrypted.
import { refuse } from '../api/errors.ts'
import type { Uses } from './keystore.ts'
import type { VersionPlace } from './version-place.ts'

/** Uses reserved at a time. */
export const BLOCK = 2 ** 16
/** The number of messages under one key for which GCM with random 96-bit nonces is safe (NIST SP 800-38D, section 8.3). */
export const MOST_USES = 2 ** 32
const WARN_AT = 2 ** 31
/** The next block is reserved when this many uses are left of the present one, so that no call waits for it. */
const AHEAD = BLOCK / 4

/** Key versions whose block is remembered: more than devices hold. */
const MOST_BLOCKS = 100_000

interface Block {
  left: number
  reserving: Promise<void> | null
}

export class ReservedUses {
  readonly #uses: Uses
  readonly #warn: (message: string) => void
  readonly #blocks = new Map<string, Block>()

  constructor(uses: Uses, warn: (message: string) => void) {
    this.#uses = uses
    this.#warn = warn
  }

  /** Takes one use of the key version. Refuses with Rejected.KeyExhausted when there are no more. */
  take(place: VersionPlace): Promise<void> | undefined {
    const block = this.#blockOf(place.versionId)
    if (block.left === 0) return this.#takeLater(place, block)
    block.left--
    if (block.left < AHEAD && !block.reserving)
      // A reservation that fails here is tried again by the call that needs it, and fails that call.
      this.#reserve(place, block).catch(() => {})
    return undefined
  }

  async #takeLater(place: VersionPlace, block: Block): Promise<void> {
    while (block.left === 0) await this.#reserve(place, block)
    block.left--
  }

  #reserve(place: VersionPlace, block: Block): Promise<void> {
    block.reserving ??= this.#reserveBlock(place, block).finally(() => {
      block.reserving = null
    })
    return block.reserving
  }

  async #reserveBlock(place: VersionPlace, block: Block): Promise<void> {
    const total = await this.#uses.reserve(place, BLOCK, MOST_USES - 1)
    if (total === null) throw refuse('Rejected.KeyExhausted')
    block.left += BLOCK
    if (total >= WARN_AT)
      this.#warn(
        `version ${place.versionId} of key ${place.keyId} has encrypted ${total} messages or nearly so, and stops before ${MOST_USES}: rotate the key`,
      )
  }

  #blockOf(versionId: string): Block {
    const known = this.#blocks.get(versionId)
    if (known) return known
    // The rest of a block that is forgotten is skipped, as at a restart.
    if (this.#blocks.size >= MOST_BLOCKS) this.#blocks.delete(this.#blocks.keys().next().value ?? '')
    const block = { left: 0, reserving: null }
    this.#blocks.set(versionId, block)
    return block
  }
}
