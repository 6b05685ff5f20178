// Following the change number: what a ledger drops, when it looks, and what it says when the number went back.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FollowedChanges } from '../../src/ledger/followed-changes.ts'
import { KnownRecords } from '../../src/ledger/known-records.ts'
import { RecentChanges } from '../../src/ledger/recent-changes.ts'
import { insert, type Kind, toRow } from '../../src/ledger/record.ts'
import { LedgerView, type Source } from '../../src/ledger/view.ts'
import {
  type Basis,
  type Changes,
  placeKey,
  recordKey,
  Stale,
  type Stored,
  Unavailable,
} from '../../src/storage/storage.ts'
import { testKeys } from '../storage/chained.ts'
import { walksOf } from './walks.ts'

const THING: Kind<{ n: number }> = { name: 'thing', counted: false }
const scope = { account: '1', region: 'r' }
const keyOf = (id: string) => recordKey(THING.name, scope.account, scope.region, id)
const ROOTS = recordKey('installation', '', '', 'installation')

/** A log of changes that tests write, which answers when they let it. */
class Log {
  number = 0
  reads = 0
  readonly #entries: (readonly string[] | null)[] = []
  gate: Promise<void> = Promise.resolve()

  change(...keys: string[]): void {
    this.#entries.push(keys)
    this.number++
  }

  /** A change that the log does not have. */
  lose(): void {
    this.#entries.push(null)
    this.number++
  }

  readonly askedSince: (number | null)[] = []

  async changesSince(number: number | null): Promise<Changes> {
    this.reads++
    this.askedSince.push(number)
    if (number === null) return { number: this.number, keys: null }
    const since = this.#entries.slice(number, this.number)
    const answer = { number: this.number, keys: since.some((one) => one === null) ? null : (since.flat() as string[]) }
    await this.gate
    return answer
  }
}

function following() {
  const log = new Log()
  const alarms: string[] = []
  const looks: number[] = []
  const known = new KnownRecords(testKeys)
  const roots = { key: ROOTS, look: async () => void looks.push(log.number) }
  const changes = new FollowedChanges({ storage: log, known, roots, alarm: (message) => void alarms.push(message) })
  const learn = (id: string) => {
    const record = insert(THING, { ...scope, id, createdAt: 1, body: { n: 1 } }).after
    return known.learn(keyOf(id), async () => ({ record, length: 1 }))
  }
  const kept = (...ids: string[]) => ids.filter((id) => known.get(keyOf(id)))
  return { log, alarms, looks, known, changes, learn, kept }
}

describe('a ledger that follows the changes of others', () => {
  it('begins with the database as it is: reads no log, counts all before as changed, and misses nothing after', async () => {
    const { log, changes, learn, kept, looks } = following()
    log.change(keyOf('a'))
    log.change(keyOf('b'))
    await changes.begin()
    assert.deepEqual([changes.number, log.askedSince, looks], [2, [null], [2]])
    assert.equal(changes.since(1, [keyOf('never')]), true)
    for (const id of ['a', 'b']) await learn(id)
    log.change(keyOf('b'))
    await changes.follow()
    assert.deepEqual([kept('a', 'b'), log.askedSince], [['a'], [null, 2]])
  })

  it('drops exactly what changed', async () => {
    const { log, changes, learn, kept } = following()
    for (const id of ['a', 'b', 'c']) await learn(id)
    log.change(keyOf('a'))
    log.change(keyOf('c'), keyOf('d'))
    await changes.follow()
    assert.deepEqual([kept('a', 'b', 'c'), changes.number], [['b'], 2])
    assert.deepEqual([changes.since(0, [keyOf('b')]), changes.since(0, [keyOf('d')])], [false, true])
    assert.equal(changes.since(2, [keyOf('d')]), false)
  })

  it('drops everything where the log does not say what changed, and looks at the root keys', async () => {
    const { log, changes, learn, kept, looks } = following()
    await learn('a')
    log.lose()
    await changes.follow()
    assert.deepEqual([kept('a'), changes.number, looks], [[], 1, [1]])
    assert.equal(changes.since(0, [keyOf('never read')]), true)
    assert.equal(changes.since(1, [keyOf('a')]), false)
  })

  it('looks at the root keys when their record changed, before anything is decided under the new number', async () => {
    const { log, changes, looks } = following()
    log.change(keyOf('a'))
    await changes.follow()
    assert.deepEqual(looks, [])
    log.change(ROOTS)
    let numberAtLook = -1
    changes.followers.push(() => {
      numberAtLook = changes.number
    })
    await changes.follow()
    assert.deepEqual([looks, numberAtLook, changes.number], [[2], 1, 2])
  })

  it('does not keep a read that began before the change that it follows', async () => {
    const { log, changes, known, kept } = following()
    const [reached, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const record = insert(THING, { ...scope, id: 'a', createdAt: 1, body: { n: 1 } }).after
    const reading = known.learn(keyOf('a'), async () => {
      reached.resolve()
      await release.promise
      return { record, length: 1 }
    })
    await reached.promise
    log.change(keyOf('a'))
    await changes.follow()
    release.resolve()
    await reading
    assert.deepEqual(kept('a'), [])
  })

  it('reads the log once for all who ask at the same time, and once more for who asks meanwhile', async () => {
    const { log, changes } = following()
    const gate = Promise.withResolvers<void>()
    log.gate = gate.promise
    const first = changes.follow()
    await new Promise(setImmediate)
    log.change(keyOf('a'))
    const later = Array.from({ length: 1000 }, () => changes.follow())
    await new Promise(setImmediate)
    assert.equal(log.reads, 1)
    gate.resolve()
    await first
    assert.equal(changes.number, 0)
    await Promise.all(later)
    assert.deepEqual([log.reads, changes.number], [2, 1])
  })

  it('commits again on what the batch read, once others changed something', async () => {
    const { log, changes } = following()
    log.change(keyOf('x'))
    const tried: unknown[] = []
    await changes.commit((store) =>
      store(
        () => [[keyOf('a')], []],
        async (basis) => {
          tried.push(basis)
          if (tried.length === 1) throw new Stale()
          return { outcomes: ['committed', 'committed'], number: 1 }
        },
      ),
    )
    assert.deepEqual(tried, [
      { number: 0, reads: null },
      { number: 1, reads: [[ROOTS, keyOf('a')], [ROOTS]] },
    ])
  })

  /** Commits one call that read `key`; returns the bases that were asked of, the last of them as `end` says it ended. */
  async function basesOf(
    changes: FollowedChanges,
    end: (basis: Basis) => Stored,
    inTurn = false,
  ): Promise<readonly (Basis | Stored)[]> {
    const tried: (Basis | Stored)[] = []
    const commit = async (basis: Basis) => {
      tried.push(basis)
      return end(basis)
    }
    const stored = await changes.commit((store) => store(() => [[keyOf('a')]], commit), inTurn)
    return [...tried, stored]
  }
  const READS = [[ROOTS, keyOf('a')]]
  const committed = (number: number): Stored => ({ outcomes: ['committed'], number })
  const stale = (log: Log) => (basis: Basis) => {
    if (basis.number < log.number) throw new Stale()
    return committed(log.number)
  }

  it('begins with what the batch read while others keep changing something, and takes over what a batch met', async () => {
    const { log, changes, learn, kept } = following()
    log.change(keyOf('x'))
    await basesOf(changes, stale(log))
    for (const id of ['a', 'b']) await learn(id)
    log.change(keyOf('b'))
    const others = { number: 2, keys: [keyOf('b')] }
    const met = { outcomes: ['committed'], number: 3, others } as const
    assert.deepEqual(await basesOf(changes, () => met), [{ number: 1, reads: READS }, met])
    assert.deepEqual([changes.number, kept('a', 'b'), log.reads], [2, ['a'], 1])
    assert.ok(changes.since(1, [keyOf('b')]))
    assert.ok(changes.took([keyOf('a')], 3))
  })

  it('begins with the number alone again after some batches that met nothing, and always in a turn', async () => {
    const { log, changes } = following()
    log.change(keyOf('x'))
    await basesOf(changes, stale(log))
    const [first] = await basesOf(changes, stale(log), true)
    assert.deepEqual(first, { number: 1, reads: null })
    const begun: boolean[] = []
    for (let i = 0; i < 20; i++) {
      const [basis] = await basesOf(changes, () => committed(1))
      begun.push((basis as Basis).reads === null)
    }
    assert.deepEqual(begun.lastIndexOf(false), begun.indexOf(true) - 1)
    assert.ok(begun.includes(false) && begun.includes(true))
  })

  it('follows the changes first where none of the calls holds: the root keys may be among them', async () => {
    const { log, changes, looks } = following()
    log.change(keyOf('x'))
    await basesOf(changes, stale(log))
    log.change(ROOTS)
    const moved: Stored = { outcomes: ['moved'], number: 2, others: { number: 2, keys: [ROOTS] } }
    assert.deepEqual(await basesOf(changes, ({ number }) => (number === 1 ? moved : committed(2))), [
      { number: 1, reads: READS },
      { number: 2, reads: READS },
      committed(2),
    ])
    assert.deepEqual([looks.length, changes.number], [1, 2])
  })

  it('keeps nothing of an own batch that is older than what is being followed', async () => {
    const { log, changes } = following()
    log.change(keyOf('x'))
    await basesOf(changes, stale(log))
    const [reached, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    changes.followers.push(() => {
      reached.resolve()
      return release.promise
    })
    for (const id of ['b', 'a', 'a']) log.change(keyOf(id))
    const followed = changes.follow()
    await reached.promise
    // The batch made the second of these changes, and its answer comes late.
    changes.followers.length = 0
    await basesOf(changes, () => ({ ...committed(3), others: { number: 2, keys: [keyOf('b')] } }))
    assert.equal(changes.took([keyOf('a')], 3), false)
    release.resolve()
    await followed
    assert.equal(changes.number, 4)
  })

  it('leaves to the next batch what it can not take over', async () => {
    const { log, changes } = following()
    log.change(keyOf('x'))
    await basesOf(changes, stale(log))
    const gone = new Unavailable('gone')
    changes.followers.push(() => Promise.reject(gone))
    log.change(keyOf('y'))
    const met = { ...committed(2), others: { number: 2, keys: [keyOf('y')] } }
    assert.deepEqual((await basesOf(changes, () => met)).at(-1), { outcomes: ['committed'], number: null })
    assert.equal(changes.number, 1)
    await assert.rejects(basesOf(changes, stale(log)), gone)
  })

  it('keeps nothing of an own batch that another server may have overtaken, though its reply comes late', async () => {
    const { log, changes, known, kept } = following()
    const row = toRow(insert(THING, { ...scope, id: 'a', createdAt: 1, body: { n: 1 } }).after, testKeys)
    // This server's own batch, and what another one made of the same record before the reply came.
    log.change(keyOf('a'))
    log.change(keyOf('a'))
    changes.followers.push(() => {
      if (changes.took([keyOf('a')], 1)) known.apply([{ change: 'insert', row, counted: null }])
    })
    await changes.follow()
    assert.deepEqual([kept('a'), changes.number, changes.since(1, [keyOf('a')])], [[], 2, true])
  })

  it('raises one alarm, and serves nothing, while the number is behind what was seen', async () => {
    const { log, changes, alarms, learn, kept } = following()
    log.change(keyOf('a'))
    log.change(keyOf('a'))
    await changes.follow()
    await learn('b')
    log.number = 1
    for (let i = 0; i < 3; i++) await assert.rejects(changes.follow(), Unavailable)
    assert.deepEqual([alarms.length, kept('b')], [1, []])
    log.number = 2
    await changes.follow()
    assert.equal(changes.number, 2)
  })
})

describe('recent changes', () => {
  it('are forgotten many at once, so that the oldest are seldom looked for', () => {
    const recent = new RecentChanges()
    const noteTo = (end: number, begin: number) => () => {
      for (let n = begin; n < end; n++) recent.note([`k${n}`], n)
    }
    assert.equal(walksOf(noteTo(50_000, 0)), 0)
    assert.equal(walksOf(noteTo(200_000, 50_000)), 150_000 / (50_000 / 16))
  })

  it('count everything as changed before what they remember', () => {
    const recent = new RecentChanges()
    for (let n = 1; n <= 60_000; n++) recent.note([`k${n}`], n)
    assert.equal(recent.since(1, ['never']), true)
    assert.equal(recent.since(59_000, ['never']), false)
    assert.equal(recent.since(59_000, ['never', 'k59999']), true)
  })
})

describe('a view', () => {
  const source = {
    get: async () => null,
    page: async () => ({ records: [], total: 0 }),
    between: async () => [],
    count: async () => 0,
  } as unknown as Source
  /** What changed, by number. */
  const changed = (number: number, ...keys: string[]) => ({
    number,
    since: (_: number, read: readonly string[]) => read.some((key) => keys.includes(key)),
  })

  it('names what it read, absent records too, and the places of its lists where they count', async () => {
    const view = new LedgerView(source)
    await view.get(THING, scope, 'a')
    await view.get(THING, scope, 'a')
    await view.page(THING, scope, { offset: 0, limit: 1 })
    assert.deepEqual(view.reads(false), [keyOf('a')])
    assert.deepEqual(view.reads(true), [keyOf('a'), placeKey({ kind: THING.name, ...scope })])
    for (let i = 0; i < 40; i++) await view.get(THING, scope, `many${i % 20}`)
    assert.equal(view.reads(false).length, 21)
  })

  it('has moved when something that it read changed after it was made', async () => {
    const changes = { ...changed(5, keyOf('a')) }
    const view = new LedgerView(source, changes)
    await view.get(THING, scope, 'a')
    assert.equal(view.moved(false), false)
    changes.number = 6
    assert.equal(view.moved(false), true)
    const other = new LedgerView(source, changes)
    await other.get(THING, scope, 'b')
    changes.number = 7
    assert.equal(other.moved(false), false)
  })

  it('counts what was derived from records as read, and derives it again once they changed', () => {
    const changes = { ...changed(5, keyOf('policy')) }
    const derived = { keys: [keyOf('user'), keyOf('policy')], number: 5 }
    const view = new LedgerView(source, changes)
    assert.equal(view.relies(derived), true)
    assert.equal(view.relies(derived), true)
    assert.deepEqual(view.reads(false), derived.keys)
    changes.number = 6
    assert.equal(new LedgerView(source, changes).relies(derived), false)
    const unrelated = { keys: [keyOf('user')], number: 5 }
    assert.equal(new LedgerView(source, changes).relies(unrelated), true)
    assert.equal(unrelated.number, 6)
  })
})
