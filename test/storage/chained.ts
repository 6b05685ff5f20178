// What the storage needs of the rooms above it: events are chained under a root key of the tests.
import { RootKeys } from '../../src/keystore/root-keys.ts'
import { chaining, firstHead, GENESIS } from '../../src/ledger/chain.ts'
import type { Basis, Chaining, Commit, Outcome, Storage, Stored } from '../../src/storage/storage.ts'

export const testKeys = new RootKeys(new Uint8Array(32).fill(1))
/** One server has one storage, and remembers the head it saw. */
const chainings = new WeakMap<Storage, Chaining>()

/** Commits on the revisions of rows alone. */
export async function commit(storage: Storage, batch: readonly Commit[]): Promise<readonly Outcome[]> {
  return (await commitOn(null, storage, batch)).outcomes
}

export function commitOn(basis: Basis | null, storage: Storage, batch: readonly Commit[]): Promise<Stored> {
  return storage.commit(batch, chainingOf(storage), basis)
}

export function chainingOf(storage: Storage): Chaining {
  const known = chainings.get(storage) ?? chaining(testKeys)
  chainings.set(storage, known)
  return known
}

/** Puts the head of a new chain into an empty database. */
export async function beginChain(storage: Storage): Promise<void> {
  const head = { change: 'insert', row: firstHead(GENESIS, 1, testKeys), counted: null } as const
  await commit(storage, [{ changes: [head], nonce: null, event: null, scrub: false }])
}
