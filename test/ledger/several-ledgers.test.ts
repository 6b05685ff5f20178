// Several ledgers on one database, as several servers have: whatever they read and change at the same time, nobody is shown less than what was
// acknowledged before it asked, and what was decided on several records holds for all of them at one moment.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Ledger } from '../../src/ledger/ledger.ts'
import { insert, type Kind, type Recorded, update } from '../../src/ledger/record.ts'
import { UNWATCHED } from '../../src/ledger/root-watch.ts'
import type { LedgerView } from '../../src/ledger/view.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { openStorage } from '../../src/storage/open.ts'
import type { Row, Storage } from '../../src/storage/storage.ts'
import { beginChain, testKeys } from '../storage/chained.ts'
import { serverAndFolder } from '../storage/server-and-folder.ts'

const LEDGERS = 3
/** Of each ledger. */
const CALLERS = 4
const CALLS = 50
/** The most items that a call makes, which counts them first. */
const MOST_ITEMS = 5

const NUMBER: Kind<{ n: number }> = { name: 'number', counted: false }
const ITEM: Kind<null> = { name: 'item', counted: false }
const scope = { account: '1', region: 'r' }
/** Each pair changes together. */
const PAIRS = [
  ['a', 'b'],
  ['c', 'd'],
] as const
/** At most one of them is ever 1. */
const FLAGS = ['x', 'y'] as const

const databases = serverAndFolder()

/** Numbers below `below` in an order that a seed decides. */
function randomly(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

const numberIn = async (id: string, view: LedgerView): Promise<Recorded<{ n: number }>> => {
  const record = await view.get(NUMBER, scope, id)
  assert.ok(record)
  return record
}

/** One caller of one ledger; `acknowledged` is what all callers know of each number. */
class Caller {
  readonly #ledger: Ledger
  readonly #acknowledged: Map<string, number>
  readonly #random: (below: number) => number
  readonly #name: string
  #made = 0

  constructor(ledger: Ledger, acknowledged: Map<string, number>, name: string, seed: number) {
    this.#ledger = ledger
    this.#acknowledged = acknowledged
    this.#name = name
    this.#random = randomly(seed)
  }

  async call(): Promise<void> {
    const calls = [this.#look, this.#look, this.#step, this.#flip, this.#make, this.#refuse]
    await calls[this.#random(calls.length)]?.call(this)
  }

  /** Decides in a new view, again and again until it is committed. */
  async #commit(decide: (view: LedgerView) => Promise<readonly ReturnType<typeof update>[]>): Promise<void> {
    for (;;) {
      const view = this.#ledger.view()
      const changes = await decide(view)
      if ((await this.#ledger.commit({ changes, nonce: null, event: null, view })) === 'committed') return
    }
  }

  #pair(): readonly [string, string] {
    return PAIRS[this.#random(PAIRS.length)] ?? PAIRS[0]
  }

  /** Reads a pair: both are of one moment, and not of one before the call. */
  async #look(): Promise<void> {
    const [one, other] = this.#pair()
    const known = this.#acknowledged.get(one) ?? 0
    let seen: readonly number[] = []
    await this.#commit(async (view) => {
      seen = [(await numberIn(one, view)).body.n, (await numberIn(other, view)).body.n]
      return []
    })
    assert.equal(seen[0], seen[1])
    assert.ok((seen[0] ?? 0) >= known, `${one} is ${seen[0]} after ${known} was acknowledged`)
  }

  /** The same, for an answer that no commit confirms. */
  async #refuse(): Promise<void> {
    const [one] = this.#pair()
    const known = this.#acknowledged.get(one) ?? 0
    for (;;) {
      const view = this.#ledger.view()
      const { n } = (await numberIn(one, view)).body
      if (!(await this.#ledger.confirms(view))) continue
      assert.ok(n >= known, `${one} is confirmed to be ${n} after ${known} was acknowledged`)
      return
    }
  }

  async #step(): Promise<void> {
    const pair = this.#pair()
    let n = 0
    await this.#commit(async (view) => {
      const records = await Promise.all(pair.map((id) => numberIn(id, view)))
      n = (records[0]?.body.n ?? 0) + 1
      return records.map((record) => update(record, { body: { n } }))
    })
    for (const id of pair) this.#acknowledged.set(id, Math.max(n, this.#acknowledged.get(id) ?? 0))
  }

  /** Sets its flag while the other one, which it only reads, is 0. */
  async #flip(): Promise<void> {
    const [mine, others] = this.#random(2) ? FLAGS : FLAGS.toReversed()
    await this.#commit(async (view) => {
      const [own, other] = [await numberIn(mine ?? '', view), await numberIn(others ?? '', view)]
      if (own.body.n === 1) return [update(own, { body: { n: 0 } })]
      return other.body.n === 1 ? [] : [update(own, { body: { n: 1 } })]
    })
  }

  /** Makes an item unless there are as many as there may be. */
  async #make(): Promise<void> {
    const id = `${this.#name}-${this.#made++}`
    await this.#commit(async (view) => {
      const items = await view.between(ITEM, scope, { after: '', before: '~', limit: 100 })
      if (items.length >= MOST_ITEMS) return []
      return [insert(ITEM, { ...scope, id, createdAt: 1, body: null }) as unknown as ReturnType<typeof update>]
    })
  }
}

const kinds: [string, () => () => Promise<Storage>][] = [
  ['SQLite', () => () => openStorage(join(databases.folder, 'several.db'))],
  [
    'PostgreSQL',
    () => {
      const url = databases.server.database()
      return () => openStorage(url)
    },
  ],
]

for (const [name, database] of kinds)
  describe(`several ledgers on ${name}`, () => {
    it('are as consistent as one', async () => {
      const open = database()
      const storages: Storage[] = []
      for (let i = 0; i < LEDGERS; i++) storages.push(await open())
      const [first] = storages
      assert.ok(first)
      await beginChain(first)
      const alarms: string[] = []
      const ledgers = storages.map(
        (storage) => new Ledger(storage, testKeys, (...alarm) => void alarms.push(alarm.join()), UNWATCHED, SYSTEM),
      )
      const ids = [...PAIRS.flat(), ...FLAGS]
      const made = ids.map((id) => insert(NUMBER, { ...scope, id, createdAt: 1, body: { n: 0 } }))
      await ledgers[0]?.commit({ changes: made, nonce: null, event: null })
      const acknowledged = new Map<string, number>()
      const callers = ledgers.flatMap((ledger, i) =>
        Array.from({ length: CALLERS }, (_, j) => new Caller(ledger, acknowledged, `${i}-${j}`, 1 + i * CALLERS + j)),
      )
      let worst = 0
      const watch = async () => {
        const view = ledgers[0]?.view()
        assert.ok(view)
        const [x, y] = [await numberIn('x', view), await numberIn('y', view)]
        if (await ledgers[0]?.confirms(view)) worst = Math.max(worst, x.body.n + y.body.n)
      }
      await Promise.all(
        callers.map(async (caller) => {
          for (let i = 0; i < CALLS; i++) {
            await caller.call()
            await watch()
          }
        }),
      )
      assert.ok(worst <= 1, 'both flags were set')
      const items = await first.between({ kind: ITEM.name, ...scope }, '', '~', 100)
      assert.equal(items.length, MOST_ITEMS)
      for (const ids of PAIRS) {
        const rows: readonly (Row | null)[] = await Promise.all(
          ids.map((id) => first.get(NUMBER.name, scope.account, scope.region, id)),
        )
        assert.deepEqual(new Set(rows.map((row) => JSON.parse(row?.body ?? '').n)), new Set([acknowledged.get(ids[0])]))
      }
      assert.deepEqual(alarms, [])
      for (const storage of storages) await storage.close()
    })
  })
