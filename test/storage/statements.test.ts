// Statements are bound by the names of their parameters; released migrations never change.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { constants, DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { migrations } from '../../src/storage/migrations.ts'
import { GROUPS, grouped, statement } from '../../src/storage/statement.ts'
import { statements } from '../../src/storage/statements.ts'
import type { ChainedEvent } from '../../src/storage/storage.ts'
import { builder } from '../../src/storage/tables.ts'

const FOLDER = new URL('migrations/', import.meta.url)
const db = builder('sqlite')

describe('a search on SQLite', () => {
  it('reads the records of its page, those that belong to them, a few that it found by what belongs to them, and no others', () => {
    const sqlite = new DatabaseSync(':memory:')
    for (const step of migrations('sqlite').flat()) sqlite.exec(step)
    const search = { kind: 'k', account: '1', region: 'r', now: 1, unwanted: 0, labels: [], text: 'a', through: 't' }
    const { found, foundById } = statements('sqlite')
    for (const { text, values } of [
      found(search, { offset: 0, limit: 10 }),
      foundById(search, { after: '', limit: 10 }),
    ]) {
      const plan = sqlite.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...values)
      const reads = plan.map(({ detail }) => String(detail)).filter((detail) => /\brecord USING/.test(detail))
      assert.equal(reads.length, 3)
      for (const read of reads) assert.match(read, /\((kind=\? AND account=\? AND region=\? AND .*id|.*parent)=\?\)/)
    }
    sqlite.close()
  })
})

describe('a change on SQLite', () => {
  it('goes by the primary key, not by an index that it writes', () => {
    const sqlite = new DatabaseSync(':memory:')
    for (const step of migrations('sqlite').flat()) sqlite.exec(step)
    const { update, delete: remove, expect } = statements('sqlite')
    const row = {
      ...{
        kind: 'k',
        account: '1',
        region: 'r',
        id: 'i',
        parent: null,
        createdAt: 1,
        dueAt: null,
        revision: 1,
        body: '{}',
      },
      mac: new Uint8Array(32),
    }
    const former = { formerParent: null, formerCreatedAt: 1, formerDueAt: null, formerRevision: 1, formerBody: '{}' }
    for (const { text, values } of [update({ ...row, ...former }), remove(row), expect(row)]) {
      const plan = sqlite.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...values)
      assert.deepEqual(
        plan.map(({ detail }) => detail),
        ['SEARCH record USING INDEX sqlite_autoindex_record_1 (kind=? AND account=? AND region=? AND id=?)'],
      )
    }
    sqlite.close()
  })
})

describe('SQLite', () => {
  it('compiles a statement once, whatever values it binds', () => {
    const sqlite = new DatabaseSync(':memory:')
    for (const step of migrations('sqlite').flat()) sqlite.exec(step)
    const all = statements('sqlite')
    const search = { kind: 'k', account: '1', region: 'r', unwanted: 0, labels: [], text: 'a', through: 't' }
    const everywhere = (n: number) => new Proxy({}, { get: () => n }) as never
    const pages = [
      ...[
        all.between,
        all.scan,
        all.page,
        all.pageFromEnd,
        all.pageAfter,
        all.ownedPage,
        all.ownedPageFromEnd,
        all.due,
      ],
      ...[all.nonceBatches, all.dropNonceBatches, all.events, all.dropEvents, all.parts],
    ].map((bind) => (n: number) => bind(everywhere(n)))
    pages.push(
      (n) => all.found({ ...search, now: n }, { offset: n, limit: n }),
      (n) => all.foundById({ ...search, now: n }, { after: String(n), limit: n }),
    )
    for (const page of pages) {
      let compiled = 0
      // SQLite asks for each access of a statement while it compiles it.
      sqlite.setAuthorizer(() => {
        compiled++
        return constants.SQLITE_OK
      })
      const prepared = sqlite.prepare(page(1).text)
      assert.ok(compiled > 0)
      compiled = 0
      for (const n of [1, 2, 3]) prepared.all(...page(n).values)
      assert.equal(compiled, 0, page(1).text)
    }
    sqlite.close()
  })
})

describe('a statement', () => {
  it('takes its values by name, in whatever order they come', () => {
    const { update } = statements('sqlite')
    const bound = update({
      ...{ formerParent: null, formerCreatedAt: 2, formerDueAt: 6, formerRevision: 4, formerBody: '[]' },
      ...{ mac: new Uint8Array([1]), body: '{}', revision: 5, dueAt: null, createdAt: 3, parent: 'p' },
      ...{ id: 'i', region: 'r', account: 'a', kind: 'k' },
    })
    const places = [...bound.text.matchAll(/(\w+)"? (?:=|is not distinct from) \?/g)].map(([, column]) => column)
    const columns = ['parent', 'created_at', 'due', 'revision', 'body', 'mac']
    const compared = ['kind', 'account', 'region', 'id', 'revision', 'body', 'created_at', 'parent', 'due']
    assert.deepEqual(places, [...columns, ...compared])
    const stored = ['p', 3, null, 5, '{}', new Uint8Array([1])]
    assert.deepEqual(bound.values, [...stored, 'k', 'a', 'r', 'i', 4, '[]', 2, null, 6])
  })

  it('binds a parameter wherever it occurs', () => {
    const twice = statement<{ n: number }>(({ n }) =>
      db.selectFrom('event').select('seq').where('seq', '>', n).where('at', '>', n),
    )
    assert.deepEqual(twice({ n: 7 }).values, [7, 7])
  })

  it('contains every value as a parameter', () => {
    assert.throws(
      () => statement(() => db.selectFrom('event').select('seq').where('seq', '>', 1)),
      /has a value that is no parameter/,
    )
  })

  it('binds a group row by row, as it binds one', () => {
    const { event, eventGroup } = statements('postgresql')
    for (const length of GROUPS) {
      const events = Array.from({ length }, (_, i) => {
        const [eventId, account, region, body, hash] = ['id', 'account', 'region', 'body', 'hash'].map(
          (it) => `${it}${i}`,
        )
        return { seq: i, at: i, change: i, eventId, account, region, body, hash } as ChainedEvent
      })
      assert.deepEqual(
        eventGroup(events).values,
        events.flatMap((one) => event(one).values),
      )
    }
    const one = statement<{ n: number; at: number }>(({ n, at }) =>
      db.selectFrom('event').select('seq').where('seq', '=', n).where('at', '=', at),
    )
    const turned = (rows: readonly { n: number; at: number }[]) =>
      rows.reduce(
        (query, { n, at }) => query.where('at', '=', at).where('seq', '=', n),
        db.selectFrom('event').select('seq'),
      )
    const two = [
      { n: 1, at: 2 },
      { n: 3, at: 4 },
    ]
    assert.throws(() => grouped(one, turned)(two), /does not bind its rows as the statement of one does/)
  })

  it('does not compile with a missing name, or a value of another type', () => {
    const { get, due } = statements('sqlite')
    // @ts-expect-error: the id is missing
    assert.equal(get({ kind: 'k', account: 'a', region: 'r' }).values[3], undefined)
    // @ts-expect-error: a time is a number
    assert.ok(due({ kind: 'k', now: '1', limit: 1 }))
    // @ts-expect-error: a column of numbers is not compared with text
    assert.ok(statement<{ at: string }>(({ at }) => db.selectFrom('event').select('seq').where('at', '=', at)))
    // @ts-expect-error: no table has this column
    assert.ok(statement<{ at: number }>(({ at }) => db.selectFrom('event').select('seq').where('att', '=', at)))
  })
})

describe('released migrations', () => {
  for (const name of readdirSync(FOLDER))
    it(`are as they were released: ${name}`, () => {
      const [, dialect = '', version = ''] = /^(sqlite|postgresql)-(\d+)\.sql$/.exec(name) ?? []
      const step = migrations(dialect as 'sqlite' | 'postgresql')[Number(version) - 1] ?? []
      assert.equal(step.map((one) => `${one};\n`).join(''), readFileSync(new URL(name, FOLDER), 'utf8'))
    })

  it('have a file each', () => {
    const files = (['postgresql', 'sqlite'] as const).flatMap((dialect) =>
      migrations(dialect).map((_, i) => `${dialect}-${i + 1}.sql`),
    )
    assert.deepEqual(readdirSync(FOLDER).sort(), files)
  })
})
