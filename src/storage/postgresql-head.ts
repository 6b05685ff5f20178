// The head of the lane that this server records in, from memory, so that a batch waits for no other server.
import { GrowingChain } from './growing-chain.ts'
import type { Basis, Chaining, Row } from './storage.ts'

export class KnownHead {
  #row: Row | null = null

  /** The chain from it; null when there is none, or its root key is no longer in use. */
  chain(chaining: Chaining, basis: Basis | null): GrowingChain | null {
    try {
      if (this.#row?.id !== chaining.place.id) return null
      return new GrowingChain(this.#row, chaining, basis?.number ?? null)
    } catch {
      return null
    }
  }

  /** Takes the head's row as this server last wrote it; null where that is not known. */
  set(row: Row | null): void {
    this.#row = row
  }
}
