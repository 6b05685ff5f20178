// The ledger's promises: authenticity of records, all or nothing, and what happens when the database fails.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { RootKeys } from '../../src/keystore/root-keys.ts'
import { RecordCache } from '../../src/ledger/cache.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { insert, type Kind, update } from '../../src/ledger/record.ts'
import { UNWATCHED } from '../../src/ledger/root-watch.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { openStorage } from '../../src/storage/open.ts'
import { type Storage, Unavailable } from '../../src/storage/storage.ts'
import { openTestHouse } from '../house.ts'
import { beginChain, testKeys } from '../storage/chained.ts'
import { delegate } from '../storage/delegate.ts'
import { walksOf } from './walks.ts'

const THING: Kind<{ n: number }> = { name: 'thing', counted: true }
const scope = { account: '1', region: 'r' }

async function openLedger(storage?: Storage, runtime: Runtime = SYSTEM) {
  const alarms: string[] = []
  const real = storage ?? (await openStorage(':memory:'))
  if (!storage) await beginChain(real)
  const ledger = new Ledger(
    real,
    testKeys,
    (message, error) => void alarms.push(`${message}: ${error}`),
    UNWATCHED,
    runtime,
  )
  await ledger.follow()
  return { ledger, storage: real, alarms }
}

/** The real storage with another way to commit. */
function withCommit(storage: Storage, commit: Storage['commit']): Storage {
  return { ...delegate(storage), commit }
}

const thing = (id: string, n: number) => insert(THING, { ...scope, id, createdAt: 1, body: { n } })
const event = (eventId: string) => ({ eventId, account: '1', region: 'r', at: 1, body: '{}' })
const alone = (changes: Parameters<Ledger['commit']>[0]['changes']) => ({ changes, nonce: null, event: null })

describe('the cache of records', () => {
  const record = (id: string) => thing(id, 1).after
  const keys = (cache: RecordCache) => ['a', 'b', 'c', 'd'].filter((id) => cache.get(id)).join('')

  it('is bounded by count, the oldest out first', () => {
    const cache = new RecordCache({ records: 2, characters: 1000 })
    for (const id of ['a', 'b', 'a', 'c']) cache.put(id, record(id), 10)
    assert.deepEqual([keys(cache), cache.characters], ['ac', 20])
  })

  it('makes room for many at once, so that it seldom looks for the oldest', () => {
    const cache = new RecordCache({ records: 50_000, characters: 1_000_000 })
    const one = record('a')
    const putTo = (end: number, begin: number) => () => {
      for (let n = begin; n < end; n++) cache.put(`${n}`, one, 1)
    }
    assert.equal(walksOf(putTo(50_000, 0)), 0)
    assert.equal(walksOf(putTo(200_000, 50_000)), 150_000 / (50_000 / 16))
    assert.ok(cache.characters > 46_000 && cache.characters <= 50_000)
  })

  it('is bounded by what the bodies take, however few they are', () => {
    const cache = new RecordCache({ records: 100, characters: 100 })
    cache.put('a', record('a'), 40)
    cache.put('b', record('b'), 40)
    cache.put('a', record('a'), 10)
    assert.equal(cache.characters, 50)
    cache.put('c', record('c'), 60)
    assert.deepEqual([keys(cache), cache.characters], ['ac', 70])
    cache.drop('a')
    cache.drop('b')
    assert.equal(cache.characters, 60)
    cache.put('d', record('d'), 101)
    assert.deepEqual([keys(cache), cache.characters], ['', 0])
  })
})

describe('a read that is answered late', () => {
  /** A ledger whose next read of a record waits for `release`, and counts all of them. */
  async function slowLedger() {
    const { storage } = await openLedger()
    await (await openLedger(storage)).ledger.commit(alone([thing('a', 1)]))
    const [reached, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let reads = 0
    const slow: Storage = {
      ...withCommit(storage, (...batch) => storage.commit(...batch)),
      get: async (...place) => {
        const row = await storage.get(...place)
        if (place[0] === THING.name && ++reads === 1) {
          reached.resolve()
          await release.promise
        }
        return row
      },
    }
    const { ledger } = await openLedger(slow)
    const other = (await openLedger(storage)).ledger
    return { ledger, other, reached: reached.promise, release: () => release.resolve(), reads: () => reads }
  }

  it('serves all who want its record meanwhile', async () => {
    const { ledger, reached, release, reads } = await slowLedger()
    const first = ledger.get(THING, scope, 'a')
    await reached
    const others = [ledger.get(THING, scope, 'a'), ledger.get(THING, scope, 'a')]
    release()
    const records = await Promise.all([first, ...others])
    assert.ok(records[0])
    assert.deepEqual(new Set(records), new Set([records[0]]))
    assert.equal(await ledger.get(THING, scope, 'a'), records[0])
    assert.equal(reads(), 1)
  })

  it('serves nobody who comes after others changed its record', async () => {
    const { ledger, other, reached, release } = await slowLedger()
    await ledger.begin()
    const reading = ledger.get(THING, scope, 'a')
    await reached
    const before = await other.get(THING, scope, 'a')
    assert.ok(before)
    await other.commit(alone([update(before, { body: { n: 2 } })]))
    await ledger.follow()
    assert.equal((await ledger.get(THING, scope, 'a'))?.body.n, 2)
    release()
    assert.equal((await reading)?.body.n, 1)
    assert.equal((await ledger.get(THING, scope, 'a'))?.body.n, 2)
  })

  it('is kept in memory although others have committed meanwhile', async () => {
    const { ledger, reached, release, reads } = await slowLedger()
    const reading = ledger.get(THING, scope, 'a')
    await reached
    await ledger.commit(alone([thing('b', 1)]))
    release()
    assert.equal((await reading)?.body.n, 1)
    await ledger.get(THING, scope, 'a')
    assert.equal(reads(), 1)
  })

  it('is not kept when its record was changed meanwhile', async () => {
    const { ledger, other, reached, release } = await slowLedger()
    const reading = ledger.get(THING, scope, 'a')
    await reached
    const before = await other.get(THING, scope, 'a')
    assert.ok(before)
    await ledger.commit(alone([update(before, { body: { n: 2 } })]))
    release()
    assert.equal((await reading)?.body.n, 1)
    assert.equal((await ledger.get(THING, scope, 'a'))?.body.n, 2)
  })

  it('is not kept when a change of its record may have been stored', async () => {
    const { ledger, reached, release, reads } = await slowLedger()
    const reading = ledger.get(THING, scope, 'a')
    await reached
    const twin = { ...thing('a', 1).after, revision: 7 }
    assert.equal(await ledger.commit(alone([update(twin, { body: { n: 2 } })])), 'moved')
    release()
    await reading
    await ledger.get(THING, scope, 'a')
    assert.equal(reads(), 2)
  })
})

describe('the ledger', () => {
  it('commits one of two calls that change a record at once, and the other is to decide again', async () => {
    const { ledger } = await openLedger()
    await ledger.commit(alone([thing('a', 1)]))
    const before = await ledger.get(THING, scope, 'a')
    assert.ok(before)
    const outcomes = await Promise.all([2, 3].map((n) => ledger.commit(alone([update(before, { body: { n } })]))))
    assert.deepEqual(outcomes, ['committed', 'moved'])
    const after = await ledger.get(THING, scope, 'a')
    assert.deepEqual([after?.body.n, after?.revision], [2, 2])
  })

  it('does not change anything for a call that nobody waits for any more, and records one that changes nothing', async () => {
    const { ledger, storage } = await openLedger()
    const isAbandoned = () => true
    const changing = ledger.commit({ changes: [thing('a', 1)], nonce: null, event: event('e1'), isAbandoned })
    const reading = ledger.commit({ changes: [], nonce: null, event: event('e2'), isAbandoned })
    assert.deepEqual(await Promise.all([changing, reading]), ['abandoned', 'committed'])
    assert.equal(await ledger.get(THING, scope, 'a'), null)
    assert.deepEqual(
      (await storage.events.after(0, 10)).map(({ eventId }) => eventId),
      ['e2'],
    )
  })

  it('commits what many ask at once in few transactions, and resolves each call', async () => {
    const { storage } = await openLedger()
    let batches = 0
    const counting = withCommit(storage, (batch, chaining, basis) => {
      batches++
      return storage.commit(batch, chaining, basis)
    })
    const { ledger } = await openLedger(counting)
    const all = Array.from({ length: 300 }, (_, i) =>
      ledger.commit({ changes: [thing(`t${i}`, i)], nonce: null, event: event(`e${i}`) }),
    )
    assert.deepEqual(new Set(await Promise.all(all)), new Set(['committed']))
    assert.ok(batches <= 3, `${batches} transactions`)
    assert.equal((await storage.events.after(0, 1000)).length, 300)
  })

  it('refuses with ServiceUnavailableTemporary and drops what it did not store, when the database can not be written', async () => {
    const { storage } = await openLedger()
    let broken = false
    const breaking = withCommit(storage, async (batch, chaining, basis) => {
      if (broken) throw new Unavailable('disk full')
      return storage.commit(batch, chaining, basis)
    })
    const { ledger, alarms } = await openLedger(breaking)
    await ledger.commit(alone([thing('a', 1)]))
    const before = await ledger.get(THING, scope, 'a')
    assert.ok(before)
    broken = true
    await assert.rejects(ledger.commit(alone([update(before, { body: { n: 2 } })])), {
      code: 'ServiceUnavailableTemporary',
    })
    assert.equal((await ledger.get(THING, scope, 'a'))?.body.n, 1)
    broken = false
    assert.equal(await ledger.commit(alone([update(before, { body: { n: 3 } })])), 'committed')
    assert.equal((await ledger.get(THING, scope, 'a'))?.body.n, 3)
    assert.equal(alarms.length, 1)
  })

  it('reports a few of many batches that an unavailable database refuses', async () => {
    const { storage } = await openLedger()
    const breaking = withCommit(storage, async () => {
      throw new Unavailable('gone')
    })
    const { ledger, alarms } = await openLedger(breaking, { ...SYSTEM, monotonic: () => 0 })
    for (let n = 0; n < 30; n++)
      await assert.rejects(ledger.commit(alone([thing(`t${n}`, n)])), { code: 'ServiceUnavailableTemporary' })
    assert.equal(alarms.length, 10)
  })

  it('refuses a nonce of the same AccessKey a second time, and not of another', async () => {
    const { ledger } = await openLedger()
    const used = (accessKeyId: string, nonce: string) =>
      ledger.commit({ changes: [], nonce: { accessKeyId, nonce, expiresAt: 10 }, event: null })
    assert.equal(await used('a', 'n'), 'committed')
    await assert.rejects(used('a', 'n'), { code: 'SignatureNonceUsed' })
    assert.equal(await used('b', 'n'), 'committed')
    await Promise.allSettled([used('c', 'm'), used('c', 'm')]).then((both) =>
      assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']),
    )
  })
})

describe('a record written by someone without the root key', () => {
  it('is refused, with an alarm, whatever was changed in it, and revived or moved ones too', async () => {
    await using house = await openTestHouse(null)
    const create = async () => (await house.must('CreateKey')).KeyMetadata.KeyId as string
    const [one, two] = [await create(), await create()]
    await house.must('DisableKey', { KeyId: one })
    const attack = async (sql: string) => {
      const db = new DatabaseSync(join(house.data, 'strongroom.db'))
      db.exec(sql)
      db.close()
      await house.restart()
      return house.outcome('DescribeKey', { KeyId: one })
    }
    const where = `WHERE kind = 'cmk' AND id = '${one}'`
    assert.equal(
      await attack(`UPDATE record SET body = replace(body, 'Disabled', 'Enabled') ${where}`),
      'InternalFailure',
    )
    assert.equal(await attack(`UPDATE record SET body = replace(body, 'Enabled', 'Disabled') ${where}`), 'OK')
    assert.equal(await attack(`UPDATE record SET revision = revision + 1 ${where}`), 'InternalFailure')
    assert.equal(
      await attack(`UPDATE record SET revision = revision - 1, created_at = created_at + 1 ${where}`),
      'InternalFailure',
    )
    assert.equal(await attack(`UPDATE record SET created_at = created_at - 1 ${where}`), 'OK')
    const swap = `UPDATE record SET body = (SELECT body FROM record WHERE kind = 'cmk' AND id = '${two}'), mac = (SELECT mac FROM record WHERE kind = 'cmk' AND id = '${two}') ${where}`
    assert.equal(await attack(swap), 'InternalFailure')
    assert.ok(house.failures.length >= 3)
    assert.ok(house.failures.every((failure) => failure.includes('not authentic')))
  })

  it('does not open when sealed material was moved to another version with a MAC of its own', () => {
    const keys = new RootKeys(new Uint8Array(32).fill(7))
    const sealed = keys.seal(['key-version', '1', 'r', 'k', 'v'], new Uint8Array(24), Buffer.from('material'))
    assert.equal(keys.open(['key-version', '1', 'r', 'k', 'w'], sealed), null)
    assert.equal(keys.open(['key-version', '1', 'r', 'kv'], sealed), null)
    assert.equal(new RootKeys(new Uint8Array(32).fill(8)).open(['key-version', '1', 'r', 'k', 'v'], sealed), null)
    assert.deepEqual(keys.open(['key-version', '1', 'r', 'k', 'v'], sealed), Buffer.from('material'))
  })
})
