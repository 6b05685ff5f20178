// Batches of several processes that come together are committed together: each holds or fails by itself, in one chain.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openStorage } from '../../src/storage/open.ts'
import { type Commit, recordKey, Stale, type Storage } from '../../src/storage/storage.ts'
import { beginChain, commit, commitOn } from './chained.ts'

let events = 0
const recorded = (rest: Partial<Commit> = {}): Commit => ({
  changes: [],
  nonce: null,
  event: { eventId: `e${++events}`, account: '1', region: 'r', at: 5, body: '{}' },
  scrub: false,
  ...rest,
})
const inserting = (id: string) => {
  const row = { kind: 'key', account: '1', region: 'r', id, parent: null, createdAt: 1, dueAt: null, revision: 1 }
  const change = { change: 'insert', row: { ...row, body: '{}', mac: new Uint8Array(32) }, counted: null } as const
  return recorded({ changes: [change] })
}
const nonce = (byte: number) => ({ digest: new Uint8Array(16).fill(byte), expiresAt: 10 })

async function opened(): Promise<Storage> {
  const storage = await openStorage(':memory:')
  await beginChain(storage)
  return storage
}

const numberOf = async (storage: Storage) => (await storage.changesSince(0)).number

describe('batches that come together', () => {
  it('make one chain, in their order', async () => {
    const storage = await opened()
    const first = events + 1
    await Promise.all(Array.from({ length: 40 }, () => commit(storage, [recorded(), recorded()])))
    const stored = await storage.events.after(0, 1000)
    assert.deepEqual(
      stored.map(({ seq, eventId }) => [seq, eventId]),
      Array.from({ length: 80 }, (_, i) => [i + 1, `e${first + i}`]),
    )
    await storage.close()
  })

  it('fail alone where what they rest on has changed', async () => {
    const storage = await opened()
    const basis = { number: await numberOf(storage), reads: null }
    const held = await Promise.allSettled([
      commitOn(basis, storage, [recorded()]),
      commitOn(basis, storage, [recorded(), inserting('a')]),
      commitOn(basis, storage, [inserting('b')]),
      commitOn(basis, storage, [recorded()]),
      commitOn({ ...basis, reads: [[]] }, storage, [inserting('c')]),
    ])
    assert.deepEqual(
      held.map((one) => (one.status === 'fulfilled' ? one.value.number : one.reason instanceof Stale)),
      [basis.number, basis.number + 1, true, true, basis.number + 2],
    )
    const [first, , , , last] = held.map((one) => (one.status === 'fulfilled' ? one.value.others : undefined))
    assert.deepEqual([first, last?.number], [undefined, basis.number + 1])
    assert.ok(last?.keys.includes(recordKey('key', '1', 'r', 'a')))
    assert.deepEqual((await storage.changesSince(basis.number)).number, basis.number + 2)
    assert.equal(await storage.get('key', '1', 'r', 'b'), null)
    await storage.close()
  })

  it('carry the change number that each was decided under', async () => {
    const storage = await opened()
    const number = await numberOf(storage)
    await Promise.all([
      commitOn({ number, reads: null }, storage, [inserting('a')]),
      commitOn({ number: number + 1, reads: null }, storage, [recorded()]),
      commitOn(null, storage, [recorded()]),
    ])
    assert.deepEqual(
      (await storage.events.after(0, 10)).map(({ change }) => change),
      [number, number + 1, null],
    )
    await storage.close()
  })

  it('use a nonce once', async () => {
    const storage = await opened()
    const used = await Promise.all([1, 2, 1, 1].map((byte) => commit(storage, [recorded({ nonce: nonce(byte) })])))
    assert.deepEqual(used.flat(), ['committed', 'committed', 'nonce-used', 'nonce-used'])
    await storage.close()
  })
})
