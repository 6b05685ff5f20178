// What the storage needs of the rooms above it: events are chained under a root key of the tests.
import { RootKeys } from '../../src/cryptography/seal.ts'
import { chaining, firstHead, GENESIS } from '../../src/ledger/chain.ts'
import type { Commit, Outcome, Storage } from '../../src/storage/storage.ts'

export const testKeys = new RootKeys(new Uint8Array(32).fill(1))
const testChaining = chaining(testKeys)

export function commit(storage: Storage, batch: readonly Commit[]): Promise<readonly Outcome[]> {
  return storage.commit(batch, testChaining)
}

/** Puts the head of a new chain into an empty database. */
export async function beginChain(storage: Storage): Promise<void> {
  const head = { change: 'insert', row: firstHead(GENESIS, 1, testKeys), counted: null } as const
  await commit(storage, [{ changes: [head], nonce: null, event: null, scrub: false }])
}
