// Following the change number while batches of the server itself move it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Ring } from '../../src/cryptography/ring.ts'
import { RootKeys } from '../../src/keystore/root-keys.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { insert, type Kind } from '../../src/ledger/record.ts'
import { UNWATCHED } from '../../src/ledger/root-watch.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { openStorage } from '../../src/storage/open.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { beginChain } from '../storage/chained.ts'

const NOTE: Kind<{ text: string }> = { name: 'note', counted: false }
const RING: Ring = { generation: 0, roots: [new Uint8Array(32).fill(1)], fingerprintKey: new Uint8Array(32) }

describe('following the change number', () => {
  it('takes no answer for a restored copy that was read before a batch of its own', async () => {
    const storage = await openStorage(':memory:')
    await beginChain(storage)
    const read = Promise.withResolvers<void>()
    const answered = Promise.withResolvers<void>()
    const slow: Storage = Object.create(storage, {
      failure: { get: () => storage.failure },
      changesSince: {
        value: async (number: number) => {
          const changes = await storage.changesSince(number)
          read.resolve()
          await answered.promise
          return changes
        },
      },
      commit: { value: (...batch: Parameters<Storage['commit']>) => storage.commit(...batch) },
    })
    const alarm = (message: string, error: unknown) => assert.fail(`${message}: ${error}`)
    const ledger = new Ledger(slow, new RootKeys(RING), alarm, UNWATCHED, SYSTEM)
    const following = ledger.follow()
    await read.promise
    const change = insert(NOTE, { account: '1', region: 'r', id: 'a', createdAt: 1, body: { text: 'new' } })
    assert.equal(await ledger.commit({ changes: [change], nonce: null, event: null }), 'committed')
    answered.resolve()
    await following
    await storage.close()
  })
})
