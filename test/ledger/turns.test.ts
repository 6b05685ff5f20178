// Servers that change one record without a pause: none of them keeps another from it for ever.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Ledger } from '../../src/ledger/ledger.ts'
import { insert, type Kind, update } from '../../src/ledger/record.ts'
import { UNWATCHED } from '../../src/ledger/root-watch.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { openPostgresql } from '../../src/storage/postgresql.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { beginChain, testKeys } from '../storage/chained.ts'
import { type PostgresqlServer, startPostgresql } from '../storage/postgresql-server.ts'

const NUMBER: Kind<{ n: number }> = { name: 'number', counted: false }
const scope = { account: '1', region: 'r' }
/** Longer than the machine ever pauses. */
const PATIENCE_MS = 30_000
/** Five turns may be lost before one is taken. */
const MOST_ATTEMPTS = 8

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
  for (let attempt = 1; attempt <= 50; attempt++) {
    const view = ledger.view(attempt)
    const record = await view.get(NUMBER, scope, 'hot')
    assert.ok(record)
    const stepped = changes ? [update(record, { body: { n: record.body.n + 1 } })] : []
    const event = { eventId: SYSTEM.newId(), account: '1', region: 'r', at: 5, body: '{}' }
    if ((await ledger.commit({ changes: stepped, nonce: null, event, view })) === 'committed') return attempt
  }
  return Number.POSITIVE_INFINITY
}

describe('a call whose record another server changes before each of its turns', () => {
  for (const changes of [true, false])
    it(changes ? 'changes it in a turn of its own' : 'is done on what it has read in a turn of its own', async () => {
      const url = server.database()
      const [storage, others] = [await openPostgresql(url, PATIENCE_MS, PATIENCE_MS), await openPostgresql(url)]
      await beginChain(storage)
      const winner = ledgerOn(others)
      await winner.lane.take('winner')
      let hasTurn = false
      const held: Promise<number>[] = []
      // Before each turn of the loser the winner has one, as long as the database lets it.
      const losing: Storage = Object.create(storage, {
        failure: { get: () => storage.failure },
        commit: {
          value: async (...batch: Parameters<Storage['commit']>) => {
            const won = attemptsOf(winner, true)
            if (hasTurn) held.push(won)
            else await won
            return storage.commit(...batch)
          },
        },
        changesSince: { value: (number: number) => storage.changesSince(number) },
        get: { value: (...key: Parameters<Storage['get']>) => storage.get(...key) },
        takeTurn: {
          value: async () => {
            await storage.takeTurn()
            hasTurn = true
          },
        },
        endTurn: {
          value: async () => {
            hasTurn = false
            await storage.endTurn()
          },
        },
      })
      const made = insert(NUMBER, { ...scope, id: 'hot', createdAt: 1, body: { n: 0 } })
      assert.equal(await winner.commit({ changes: [made], nonce: null, event: null }), 'committed')
      const loser = ledgerOn(losing)
      for (let i = 0; i < 3; i++) assert.ok((await attemptsOf(loser, changes)) <= MOST_ATTEMPTS)
      // The turn has ended, too.
      assert.ok(held.length > 0)
      await Promise.all(held)
      await storage.close()
      await others.close()
    })
})
