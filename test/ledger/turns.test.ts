// Servers that change one record without a pause: none of them keeps another from it for ever.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Ledger } from '../../src/ledger/ledger.ts'
import { insert, type Kind, update } from '../../src/ledger/record.ts'
import { UNWATCHED } from '../../src/ledger/root-watch.ts'
import { Turns } from '../../src/ledger/turns.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { openPostgresql } from '../../src/storage/postgresql.ts'
import { HEAD_PLACE, type Storage, type Turn, Unavailable } from '../../src/storage/storage.ts'
import { beginChain, testKeys } from '../storage/chained.ts'
import { delegate } from '../storage/delegate.ts'
import { type PostgresqlServer, startPostgresql } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'

const NUMBER: Kind<{ n: number }> = { name: 'number', counted: false }
const scope = { account: '1', region: 'r' }
/** Five of them may be lost before a turn is taken. */
const ATTEMPTS = 6

let server: PostgresqlServer
before(async () => {
  server = await startPostgresql()
})
after(async () => {
  await server[Symbol.asyncDispose]()
})

const alarm = (message: string, error: unknown) => assert.fail(`${message}: ${error}`)
const ledgerOn = (storage: Storage) => new Ledger(storage, testKeys, alarm, UNWATCHED, SYSTEM)

/** Adds one to the number, or looks at it, in as many attempts as are returned. */
async function attemptsOf(ledger: Ledger, changes: boolean): Promise<number> {
  let view = ledger.view()
  for (; view.attempt <= 50; view = ledger.view(view)) {
    const record = await view.get(NUMBER, scope, 'hot')
    assert.ok(record)
    const stepped = changes ? [update(record, { body: { n: record.body.n + 1 } })] : []
    const event = { eventId: SYSTEM.newId(), account: '1', region: 'r', at: 5, body: '{}' }
    if ((await ledger.commit({ changes: stepped, nonce: null, event, view })) === 'committed') return view.attempt
  }
  return Number.POSITIVE_INFINITY
}

/** The storage, before whose batches `first` is done, and during whose turns `meanwhile` begins. */
function losing(storage: Storage, first: () => Promise<unknown>, meanwhile: () => void): Storage {
  return {
    ...delegate(storage),
    async commit(...batch) {
      await first()
      return storage.commit(...batch)
    },
    async takeTurn(place) {
      const turn = await storage.takeTurn?.(place)
      assert.ok(turn)
      meanwhile()
      return turn
    },
  }
}

describe('turns', () => {
  const chaining = { place: HEAD_PLACE }
  const fails = (error: unknown) => assert.fail(String(error))
  const view = (attempt: number, first = {}) => ({ attempt, basis: 0, first })
  const lateOnes = (notes: string[], ...names: string[]) =>
    names.map((name) => ({ call: { view: view(5) }, resolve: () => void notes.push(name), reject: fails }))

  /** Turns of a storage that has `takeTurn`, with a clock of the test's. */
  function turnsOf(takeTurn: Storage['takeTurn']) {
    let [now, alarm]: [number, (() => void) | null] = [0, null]
    const after = (ms: number, work: () => void) => {
      alarm = () => {
        now += ms
        work()
      }
      return () => {
        alarm = null
      }
    }
    const changes = { follow: async () => {}, ofOthers: 1 }
    const turns = new Turns({ storage: { takeTurn }, chaining, changes, runtime: { after, monotonic: () => now } })
    return {
      turns,
      pass: (ms: number) => {
        now += ms
      },
      ring: () => alarm?.(),
    }
  }

  /** A turn that notes its end. */
  function turnNoting(notes: string[]): Turn {
    return { commit: () => assert.fail(), end: async () => void notes.push('ended') }
  }

  it('are for calls that lost five to others, where there are turns', () => {
    const { turns } = turnsOf(async () => turnNoting([]))
    const isLate = [view(4), view(5), { ...view(5), basis: 1 }].map((one) => turns.isLate(one, false))
    assert.deepEqual(isLate, [false, true, false])
    assert.equal(turnsOf(null).turns.isLate(view(5), true), false)
  })

  it('begin the next batch once all late calls are decided', async () => {
    const notes: string[] = []
    const turn = turnNoting(notes)
    const { turns } = turnsOf(async () => turn)
    const late = lateOnes(notes, 'one', 'two')
    const [one, two] = late.map(({ call }) => call.view.first)
    const taken = turns.take(late).then(() => notes.push('taken'))
    await until(() => notes.includes('two'))
    assert.deepEqual(
      [view(1), view(6, one)].map((arrived) => turns.arrived(arrived)),
      [false, true],
    )
    assert.deepEqual(notes, ['one', 'two'])
    // Of another turn.
    assert.equal(turns.arrived(view(7)), true)
    assert.deepEqual(notes, ['one', 'two'])
    turns.arrived(view(7, two))
    await taken
    assert.deepEqual(notes, ['one', 'two', 'taken'])
    assert.deepEqual([turns.next(), turns.next()], [turn, null])
  })

  it('end where no late call is decided in time, and pause', async () => {
    const notes: string[] = []
    const { turns, ring, pass } = turnsOf(async () => turnNoting(notes))
    const taken = turns.take(lateOnes(notes, 'late'))
    await until(() => notes.includes('late'))
    ring()
    await taken
    assert.deepEqual([notes, turns.next()], [['late', 'ended'], null])
    assert.equal(turns.isLate(view(5), true), false)
    pass(5000)
    assert.equal(turns.isLate(view(5), true), true)
  })

  it('pause after all of their time, also where one of two late calls is decided in it', async () => {
    const notes: string[] = []
    const turn = turnNoting(notes)
    const { turns, ring, pass } = turnsOf(async () => turn)
    const late = lateOnes(notes, 'one', 'two')
    const taken = turns.take(late)
    await until(() => notes.includes('two'))
    turns.arrived(view(6, late[0]?.call.view.first))
    ring()
    await taken
    assert.equal(turns.next(), turn)
    pass(4999)
    assert.equal(turns.isLate(view(5), true), false)
    pass(1)
    assert.equal(turns.isLate(view(5), true), true)
  })

  it('pause in proportion to what a slow call took', async () => {
    const notes: string[] = []
    const { turns, pass } = turnsOf(async () => turnNoting(notes))
    const take = async (ms: number) => {
      const late = lateOnes(notes, `${ms}`)
      const taken = turns.take(late)
      await until(() => notes.includes(`${ms}`))
      pass(ms)
      turns.arrived(view(6, late[0]?.call.view.first))
      await taken
      turns.next()
    }
    await take(100)
    assert.equal(turns.isLate(view(5), true), true)
    await take(600)
    pass(2999)
    assert.equal(turns.isLate(view(5), true), false)
    pass(1)
    assert.equal(turns.isLate(view(5), true), true)
  })

  it('do not wait for a call that ended', async () => {
    const notes: string[] = []
    const turn = turnNoting(notes)
    const { turns } = turnsOf(async () => turn)
    const late = lateOnes(notes, 'one', 'two')
    const taken = turns.take(late)
    await until(() => notes.includes('two'))
    turns.ended(view(6, late[0]?.call.view.first))
    turns.arrived(view(6, late[1]?.call.view.first))
    await taken
    assert.deepEqual([turns.next(), turns.isLate(view(5), true)], [turn, true])
    const alone = turns.take(lateOnes(notes, 'three').map((one) => ({ ...one, call: { view: view(5, notes) } })))
    await until(() => notes.includes('three'))
    turns.ended(view(5, notes))
    await alone
    assert.deepEqual([notes.at(-1), turns.next()], ['ended', null])
  })

  it('refuse late calls where the database can not be reached', async () => {
    const { turns } = turnsOf(async () => Promise.reject(new Unavailable('away')))
    const errors: unknown[] = []
    const call = { view: view(5) }
    await turns.take([{ call, resolve: () => assert.fail(), reject: (error) => void errors.push(error) }])
    assert.deepEqual([errors, turns.next()], [[new Unavailable('away')], null])
  })
})

describe('a call whose record another server changes before each of its commits', () => {
  for (const changes of [true, false])
    it(`${changes ? 'changes it' : 'is done on it'} in a turn of its own`, async () => {
      const url = server.database()
      const [storage, others] = [await openPostgresql(url), await openPostgresql(url)]
      await beginChain(storage)
      const winner = ledgerOn(others)
      await winner.lane.take('winner')
      const made = insert(NUMBER, { ...scope, id: 'hot', createdAt: 1, body: { n: 0 } })
      assert.equal(await winner.commit({ changes: [made], nonce: null, event: null }), 'committed')
      const held: Promise<number>[] = []
      const win = () => attemptsOf(winner, true)
      const loser = ledgerOn(losing(storage, win, () => void held.push(win())))
      const attempts = [await attemptsOf(loser, changes), await attemptsOf(loser, changes)]
      assert.deepEqual(attempts, [ATTEMPTS, ATTEMPTS])
      // The turns have ended, too.
      assert.ok((await Promise.all(held)).every(Number.isFinite))
      await storage.close()
      await others.close()
    })
})
