// Counts the uses of keys with 96-bit nonces in advance. A block of uses is reserved durably and then handed out from memory. A crash
// wastes the rest of a block, but the stored count is never lower than the number of encrypted messages.
import { refuse } from '../api/errors.ts'
import type { Uses } from './keystore.ts'
import type { VersionPlace } from './version-place.ts'

/** Uses reserved at a time. */
export const BLOCK = 2 ** 16
/** The number of messages under one key for which GCM with random 96-bit nonces is safe (NIST SP 800-38D, section 8.3). */
export const MOST_USES = 2 ** 32
const WARN_AT = 2 ** 31
/** The next block is reserved when the present one has fewer uses left than this, so that calls do not wait for it. */
const AHEAD = BLOCK / 4

/** How many key versions' blocks stay in memory: more keys than devices can store. */
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

  /** Takes one use of the key version; returns a promise only if the call has to wait. Refuses with Rejected.KeyExhausted when no uses are left. */
  take(place: VersionPlace): Promise<void> | undefined {
    const block = this.#blockOf(place.versionId)
    if (block.left === 0) return this.#takeLater(place, block)
    block.left--
    if (block.left < AHEAD && !block.reserving)
      // If this reservation fails, the call that needs the block tries again, and fails if that fails too.
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
        `version ${place.versionId} of key ${place.keyId} has encrypted nearly ${total} messages and stops before ${MOST_USES}: rotate the key`,
      )
  }

  #blockOf(versionId: string): Block {
    const known = this.#blocks.get(versionId)
    if (known) return known
    // The rest of the dropped block is wasted, as at a restart.
    if (this.#blocks.size >= MOST_BLOCKS) this.#blocks.delete(this.#blocks.keys().next().value ?? '')
    const block = { left: 0, reserving: null }
    this.#blocks.set(versionId, block)
    return block
  }
}
