// Several servers on one PostgreSQL, each with a lane of the trail of its own: events of all are found, exported and delivered as one
// trail, and whatever is done to a lane is found and named.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { LANE_NUMBERS } from '../../src/storage/lane.ts'
import { type PostgresqlServer, startPostgresql } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'
import { runHere } from './line.ts'
import { call, type Program, removeFolder, startProgram, temporaryFolder } from './program.ts'

const ENV = {
  /** All servers and commands share it. To derive it from a passphrase would take each of them a quarter of a second. */
  STRONGROOM_ROOT_KEY_FILE: join(temporaryFolder(), 'root-key'),
  STRONGROOM_ACCOUNT_ID: '1234567890123456',
  STRONGROOM_ROOT_ACCESS_KEY_ID: 'LTAI5tLanes0000000001',
  STRONGROOM_ROOT_ACCESS_KEY_SECRET: 'a secret of at least sixteen characters',
}
const VERIFIER = fileURLToPath(new URL('../actiontrail/audit/verify_export.py', import.meta.url))

let server: PostgresqlServer
let url: string
/** The data folders of the servers, which all have seen the whole trail. */
const folders: string[] = []
/** The head of lane 1 as it was after the first calls, as columns. */
let formerHead: { body: string; revision: number; mac: Uint8Array }
let events = 0

async function query<T>(database: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(database, { max: 1, onnotice: () => {} })
  try {
    return await work(sql)
  } finally {
    await sql.end()
  }
}

function start(database: string, data = temporaryFolder(), ...flags: string[]): Promise<Program> {
  if (!folders.includes(data)) folders.push(data)
  return startProgram({ data, flags: ['--database', database, ...flags], env: ENV })
}

function verify(database: string, data = folders[0] ?? '') {
  return runHere(['audit', 'verify', '--database', database, '--data', data], ENV)
}

async function record(program: Program, calls: number): Promise<void> {
  const KeyId: string = (await program.call('CreateKey')).body.KeyMetadata.KeyId
  for (let i = 0; i < calls; i++)
    assert.equal((await program.call('Encrypt', { KeyId, Plaintext: 'x' })).status, 200, program.log())
}

/** How many events each lane has. */
async function lanesOf(database: string): Promise<readonly number[]> {
  const rows = await query(
    database,
    (sql) => sql`SELECT seq / ${LANE_NUMBERS}::bigint AS lane, count(*) AS n FROM event GROUP BY 1 ORDER BY 1`,
  )
  return rows.map(({ n }) => Number(n))
}

/** A copy of the database that nobody uses. */
async function copy(): Promise<string> {
  const name = `copy_${randomUUID().replaceAll('-', '')}`
  const where = new URL(url)
  const from = where.pathname.slice(1)
  where.pathname = '/postgres'
  await query(where.href, (sql) => sql.unsafe(`CREATE DATABASE ${name} TEMPLATE ${from}`))
  where.pathname = `/${name}`
  return where.href
}

/** All events that LookupEvents shows, page by page. */
async function lookedUp(program: Program, order: string): Promise<{ eventId: string; eventTime: string }[]> {
  const all: { eventId: string; eventTime: string }[] = []
  for (let token: string | undefined; ; ) {
    const { body } = await program.call('LookupEvents', {
      Version: '2020-07-06',
      Direction: order,
      MaxResults: '17',
      ...(token !== undefined && { NextToken: token }),
    })
    all.push(...body.Events)
    token = body.NextToken
    if (token === undefined) return all
  }
}

before(async () => {
  server = await startPostgresql()
  url = server.database()
  const programs = [await start(url)]
  programs.push(await start(url), await start(url))
  await Promise.all(programs.map((program) => record(program, 20)))
  formerHead = await query(url, async (sql) => {
    const [row] = await sql`SELECT body, revision, mac FROM record WHERE kind = 'event-head' AND id = 'lane-1'`
    return row as typeof formerHead
  })
  await Promise.all(programs.map((program) => record(program, 20)))
  // Each witness has seen all lanes before the last server stops.
  await Promise.all(programs.map((program) => program.stop()))
  const [first] = folders
  await (await start(url, first)).stop()
  events = (await lanesOf(url)).reduce((sum, n) => sum + n, 0)
})
after(async () => {
  await server[Symbol.asyncDispose]()
  for (const folder of folders) removeFolder(folder)
})

describe('three servers on one PostgreSQL', () => {
  it('each record in their own lane, and release it when they stop', async () => {
    const lanes = await lanesOf(url)
    assert.equal(lanes.length, 3)
    for (const n of lanes) assert.ok(n >= 42, JSON.stringify(lanes))
    const heads = await query(url, (sql) => sql`SELECT body FROM record WHERE kind = 'event-head'`)
    for (const { body } of heads) assert.equal(JSON.parse(body).holder, undefined)
    assert.deepEqual([...(await query(url, (sql) => sql`SELECT id FROM record WHERE kind = 'server'`))], [])
  })

  it('are found intact as one trail', async () => {
    const { code, out, err } = await verify(url)
    assert.equal(code, 0, err)
    assert.match(out, new RegExp(`^intact: ${events} events up to number ${events}`))
    for (const lane of [0, 1, 2]) assert.match(out, new RegExp(`head of lane ${lane}: event \\d+, [\\w-]{43}`))
  })

  it('show the events of all to lookups, page by page, in the order of their time', async () => {
    const program = await start(url, folders[1])
    for (const order of ['FORWARD', 'BACKWARD']) {
      const found = await lookedUp(program, order)
      const times = found.map(({ eventTime }) => eventTime)
      assert.deepEqual(times, order === 'FORWARD' ? times.toSorted() : times.toSorted().toReversed())
      const ids = new Set(found.map(({ eventId }) => eventId))
      assert.equal(ids.size, found.length)
      const recorded = await query(url, (sql) => sql`SELECT event_id FROM event WHERE body NOT LIKE '%LookupEvents%'`)
      assert.deepEqual(
        recorded.filter(({ event_id }) => !ids.has(event_id)),
        [],
      )
    }
    assert.equal(await program.stop(), 0)
    assert.equal((await lanesOf(url)).length, 3)
    events = (await lanesOf(url)).reduce((sum, n) => sum + n, 0)
  })

  it('are exported as one copy, which the public key alone verifies, and in which every change is found', async () => {
    const [file, keyFile] = [join(folders[0] ?? '', 'copy.jsonl'), join(folders[0] ?? '', 'key.pem')]
    const where = ['--database', url, '--data', folders[0] ?? '']
    assert.equal((await runHere(['audit', 'export', '--output', file, ...where], ENV)).code, 0)
    writeFileSync(keyFile, (await runHere(['audit', 'public-key', ...where], ENV)).out)
    const judged = async () => {
      const { code, out, err } = await runHere(['audit', 'verify', '--file', file, '--public-key', keyFile])
      const python = spawnSync('python3', [VERIFIER, file, keyFile], { encoding: 'utf8' })
      assert.equal(python.stderr.includes('Traceback'), false, python.stderr)
      assert.equal(python.status === 0, code === 0, python.stderr)
      return code === 0 ? out : err
    }
    assert.match(await judged(), new RegExp(`^intact: ${events} events`))
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    assert.match(lines[0] ?? '', /^\{"strongroom":"trail\/3"/)
    const of = (lane: number) =>
      lines.findIndex((line) => new RegExp(`^\\{"seq":(${LANE_NUMBERS * lane + 5}),`).test(line))
    const changed = async (change: (all: string[]) => void) => {
      const all = [...lines]
      change(all)
      writeFileSync(file, `${all.join('\n')}\n`)
      return judged()
    }
    assert.match(await changed((all) => all.splice(of(1), 1)), /event 5 of lane 1 is missing before event 6 of lane 1/)
    assert.match(
      await changed((all) => all.push(...all.splice(of(2), 1))),
      /event 5 of lane 2 is missing before event 6 of lane 2/,
    )
    const whole = (all: string[]) => {
      const [begin, end] = [of(2) - 4, all.findIndex((line) => line.startsWith('{"end"'))]
      all.splice(begin, end - begin)
    }
    assert.match(await changed(whole), /events 1 of lane 2 to \d+ of lane 2 are missing at the end/)
  })
})

const lane = (number: number) => LANE_NUMBERS * number

/** What is done to the database, and the first fault that must be reported. */
const ATTACKS: readonly [what: string, attack: (sql: postgres.Sql) => Promise<unknown>, fault: RegExp][] = [
  [
    'an event of a lane is altered',
    (sql) => sql`UPDATE event SET body = replace(body, 'Encrypt', 'Decrypt') WHERE seq = ${lane(1) + 12}`,
    /event 12 of lane 1 \(.+\) is not what was recorded/,
  ],
  [
    'events of a lane are dropped',
    (sql) => sql`DELETE FROM event WHERE seq BETWEEN ${lane(2) + 3} AND ${lane(2) + 5}`,
    /events 3 of lane 2 to 5 of lane 2 are missing before event 6 of lane 2/,
  ],
  [
    'an event moves to the end of another lane',
    async (sql) => {
      const [row] = await sql`SELECT max(seq) AS last FROM event WHERE seq < ${lane(1)}`
      await sql`UPDATE event SET seq = ${Number(row?.['last']) + 1} WHERE seq = ${lane(2) + 9}`
    },
    /event \d+ \(.+\) comes after the end of the trail: it was inserted/,
  ],
  [
    'two events of two lanes change places',
    async (sql) => {
      await sql`UPDATE event SET seq = -1 WHERE seq = ${lane(1) + 7}`
      await sql`UPDATE event SET seq = ${lane(1) + 7} WHERE seq = ${lane(2) + 7}`
      await sql`UPDATE event SET seq = ${lane(2) + 7} WHERE seq = -1`
    },
    /event 7 of lane 1 \(.+\) is not what was recorded/,
  ],
  [
    'two lanes change places',
    async (sql) => {
      await sql`UPDATE event SET seq = seq + ${lane(7)} WHERE seq BETWEEN ${lane(1)} AND ${lane(2)}`
      await sql`UPDATE event SET seq = seq - ${lane(1)} WHERE seq BETWEEN ${lane(2)} AND ${lane(3)}`
      await sql`UPDATE event SET seq = seq - ${lane(6)} WHERE seq > ${lane(7)}`
    },
    /event 1 of lane 1 \(.+\) is not what was recorded/,
  ],
  [
    'an event appears in a lane that never was',
    (sql) =>
      sql`INSERT INTO event SELECT ${lane(5) + 1}, 'made-up', account, region, at, body, hash, change FROM event WHERE seq = 1`,
    /event 1 of lane 5 \(made-up\) comes after the end of the trail: it was inserted/,
  ],
  [
    'the end of a lane is cut',
    (sql) => sql`DELETE FROM event WHERE seq > ${lane(1) + 30} AND seq < ${lane(2)}`,
    /events 31 of lane 1 to \d+ of lane 1 are missing at the end/,
  ],
  [
    'the end of a lane is cut, and its head put back to what it was',
    async (sql) => {
      const { body, revision, mac } = formerHead
      await sql`UPDATE record SET body = ${body}, revision = ${revision}, mac = ${mac} WHERE id = 'lane-1'`
      await sql`DELETE FROM event WHERE seq > ${JSON.parse(body).seq} AND seq < ${lane(2)}`
    },
    /events \d+ of lane 1 to \d+ of lane 1 are missing at the end: the trail was cut, or an older copy/,
  ],
  [
    'the head of another lane stands in for one',
    (sql) => sql`
      UPDATE record SET body = other.body, revision = other.revision, mac = other.mac
      FROM record AS other WHERE record.id = 'lane-2' AND other.id = 'lane-1'`,
    /record event-head.+lane-2 is not authentic/,
  ],
  [
    'the head of a lane is removed',
    (sql) => sql`DELETE FROM record WHERE id = 'lane-2'`,
    /the head of lane 2 of the event chains is missing/,
  ],
  [
    'the record of how many lanes there are is removed',
    (sql) => sql`DELETE FROM record WHERE kind = 'event-lanes'`,
    /the trail has 3 lanes, and the record that counts them is missing or older/,
  ],
  [
    'a lane is removed with all that names it',
    async (sql) => {
      await sql`DELETE FROM record WHERE kind IN ('event-lanes', 'trail-checkpoint', 'trail-last-checkpoint') OR id LIKE 'lane-%'`
      await sql`DELETE FROM event WHERE seq > ${lane(1)}`
    },
    /lane 1 is missing, and a checkpoint names its event \d+ of lane 1/,
  ],
]

describe('strongroom audit verify', () => {
  for (const [what, attack, fault] of ATTACKS)
    it(`finds it when ${what}`, async () => {
      const database = await copy()
      await query(database, attack)
      const { code, err } = await verify(database)
      assert.equal(code, 1, err)
      assert.match(err, fault)
    })
})

describe('a server with workers', () => {
  it('has a lane for each of them, and gives all back', async () => {
    const database = await copy()
    const [, folder = ''] = folders
    const program = await start(database, folder, '--workers', '2')
    const holders = await query(database, (sql) => sql`SELECT body FROM record WHERE body LIKE '%"holder":%'`)
    assert.equal(holders.length, 3)
    await Promise.all([record(program, 10), record(program, 10), record(program, 10)])
    assert.equal(await program.stop(), 0)
    assert.deepEqual(
      [...(await query(database, (sql) => sql`SELECT id FROM record WHERE body LIKE '%"holder":%'`))],
      [],
    )
    const { code, err } = await verify(database, folder)
    assert.equal(code, 0, err)
  })
})

describe('a server that is killed', () => {
  it('leaves an intact trail, and another server goes on in a lane of its own', async () => {
    const database = await copy()
    const [, , folder = ''] = folders
    const before = await lanesOf(database)
    const first = await start(database, folder)
    await record(first, 5)
    await first.stop('SIGKILL')
    const second = await start(database, folder, '--metrics-listen', '127.0.0.1:0')
    await record(second, 5)
    // The one that was killed counts until it has not been seen to move for a while.
    const servers = async () =>
      /^strongroom_live_servers (\d+)$/m.exec(await (await fetch(second.metrics ?? '')).text())
    assert.equal((await servers())?.[1], '2')
    await until(async () => (await servers())?.[1] === '1')
    const KeyId: string = (await second.call('CreateKey')).body.KeyMetadata.KeyId
    assert.equal((await call(second.endpoint, second.credentials, 'DescribeKey', { KeyId }, Date.now())).status, 200)
    assert.equal(await second.stop(), 0)
    assert.equal((await verify(database, folder)).code, 0)
    const lanes = await lanesOf(database)
    assert.deepEqual(
      lanes.map((n, i) => n > (before[i] ?? 0)),
      [true, true, false],
    )
  })
})
