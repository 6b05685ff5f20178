// The trail as evidence: what the database's own tools do to it is found by `strongroom audit verify`, and named.
import assert from 'node:assert/strict'
import { appendFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { renderEvent } from '../../src/actiontrail/events/event.ts'
import { GENESIS, link } from '../../src/ledger/chain.ts'
import { until } from '../until.ts'
import { runHere } from './line.ts'
import { type Program, removeFolder, startProgram, temporaryFolder } from './program.ts'

/** A data folder whose server recorded some events, was stopped, and recorded more. */
let data: string
/** The same folder as it was at the first stop. */
let older: string
const folders: string[] = []
let events = 0

const DB = 'strongroom.db'

function sql<T>(folder: string, work: (db: DatabaseSync) => T): T {
  using db = new DatabaseSync(join(folder, DB))
  return work(db)
}

async function record(program: Program, calls: number): Promise<void> {
  const { body } = await program.call('CreateKey')
  const KeyId: string = body.KeyMetadata.KeyId
  for (let i = 0; i < calls; i++) await program.call('Encrypt', { KeyId, Plaintext: 'x' })
}

function copy(): string {
  const folder = temporaryFolder()
  folders.push(folder)
  rmSync(folder, { recursive: true })
  cpSync(data, folder, { recursive: true })
  return folder
}

async function verify(folder: string, ...more: string[]) {
  return runHere(['audit', 'verify', '--data', folder, ...more])
}

before(async () => {
  const first = await startProgram()
  data = first.data
  await record(first, 30)
  await first.stop()
  older = copy()
  const second = await startProgram({ data })
  await record(second, 30)
  await second.stop()
  events = sql(data, (db) => Number(db.prepare('SELECT count(*) AS n FROM event').get()?.['n']))
})
after(() => {
  for (const folder of [data, ...folders]) removeFolder(folder)
})

interface Row {
  seq: number
  event_id: string
  change: number | null
  account: string
  region: string
  at: number
  body: string
}

/** Computes all hashes again, as an attacker would who knows the format. */
function rechain(db: DatabaseSync): void {
  let { hash } = GENESIS
  for (const row of db.prepare('SELECT * FROM event ORDER BY seq').all() as unknown as Row[]) {
    hash = link(hash, row.seq, { ...row, eventId: row.event_id }, row.change)
    db.prepare('UPDATE event SET hash = ? WHERE seq = ?').run(hash, row.seq)
  }
}

const HEAD = "kind = 'event-head'"

/** How many events the last checkpoint before event 12 signs: a slow server stores one in between. */
function signedBeforeTwelve(db: DatabaseSync): number {
  const stored = "SELECT max(id) AS id FROM record WHERE kind = 'trail-checkpoint' AND id < '0000000000000012'"
  return Number(db.prepare(stored).get()?.['id'] ?? 0)
}

/** What is done to the database, and the first fault that it must be told of. */
const ATTACKS: readonly [
  what: string,
  attack: (db: DatabaseSync) => void,
  fault: RegExp | ((db: DatabaseSync) => RegExp),
][] = [
  [
    'an event is altered',
    (db) => db.exec("UPDATE event SET body = replace(body, 'Encrypt', 'Decrypt') WHERE seq = 12"),
    (db) => {
      const before = signedBeforeTwelve(db)
      const others = `${11 - before} more are consistent with each other, but no signature confirms them`
      return new RegExp(
        [
          'event 12 \\(.+\\) is not what was recorded.+',
          `strongroom: ${before} events before it are as they were recorded`,
          ...(before < 11 ? [`strongroom: ${others}`] : []),
        ].join('\n'),
      )
    },
  ],
  [
    'its time is',
    (db) => db.exec('UPDATE event SET at = at - 1 WHERE seq = 5'),
    /event 5 \(.+\) is not what was recorded/,
  ],
  ['its account is', (db) => db.exec("UPDATE event SET account = '1' WHERE seq = 7"), /event 7 \(/],
  ['only its hash is', (db) => db.exec("UPDATE event SET hash = 'x' WHERE seq = 9"), /event 9 \(/],
  [
    'a line break moves between its columns',
    (db) => db.exec("UPDATE event SET account = account || char(10) || region, region = '' WHERE seq = 4"),
    /event 4 \(/,
  ],
  ['an event is dropped', (db) => db.exec('DELETE FROM event WHERE seq = 20'), /event 20 is missing before event 21/],
  [
    'several are',
    (db) => db.exec('DELETE FROM event WHERE seq BETWEEN 20 AND 25'),
    /events 20 to 25 are missing before event 26/,
  ],
  ['the first are', (db) => db.exec('DELETE FROM event WHERE seq <= 3'), /events 1 to 3 are missing before event 4/],
  [
    'one is dropped and the others moved up',
    (db) => {
      db.exec('DELETE FROM event WHERE seq = 20')
      for (let seq = 21; seq <= events; seq++) db.exec(`UPDATE event SET seq = ${seq - 1} WHERE seq = ${seq}`)
    },
    /event 20 \(.+\) is not what was recorded/,
  ],
  [
    'two change places',
    (db) =>
      db.exec(
        'UPDATE event SET seq = -1 WHERE seq = 14; UPDATE event SET seq = 14 WHERE seq = 15; UPDATE event SET seq = 15 WHERE seq = -1',
      ),
    /event 14 \(/,
  ],
  [
    'one is inserted at the end',
    (db) =>
      db.exec("INSERT INTO event SELECT max(seq) + 1, 'made-up', account, region, at, body, hash, change FROM event"),
    /event \d+ \(made-up\) comes after the end of the trail/,
  ],
  [
    'one is inserted in between',
    (db) => {
      for (let seq = events; seq >= 10; seq--) db.exec(`UPDATE event SET seq = ${seq + 1} WHERE seq = ${seq}`)
      db.exec(
        "INSERT INTO event SELECT 10, 'made-up', account, region, at, body, hash, change FROM event WHERE seq = 9",
      )
    },
    /event 10 \(made-up\) is not what was recorded/,
  ],
  [
    'one is altered and all hashes computed again',
    (db) => {
      db.exec("UPDATE event SET body = replace(body, 'Encrypt', 'Decrypt') WHERE seq = 12")
      rechain(db)
    },
    (db) => {
      const before = signedBeforeTwelve(db)
      return new RegExp(
        `the events from ${before + 1} to \\d+ were rewritten.+\\nstrongroom: ${before} events before it are as they were recorded`,
      )
    },
  ],
  [
    'the same, and the checkpoints removed',
    (db) => {
      db.exec(
        "UPDATE event SET body = replace(body, 'Encrypt', 'Decrypt') WHERE seq = 12; DELETE FROM record WHERE kind = 'trail-checkpoint'",
      )
      rechain(db)
    },
    /the events from 1 to \d+ were rewritten.+\nstrongroom: 0 events before it are as they were recorded/,
  ],
  [
    'a signed checkpoint is deleted',
    (db) =>
      db.exec(
        "DELETE FROM record WHERE kind = 'trail-checkpoint' AND id = (SELECT min(id) FROM record WHERE kind = 'trail-checkpoint')",
      ),
    /the signed checkpoint at event \d+ is missing/,
  ],
  [
    'the end is cut',
    (db) => db.exec(`DELETE FROM event WHERE seq > ${events - 2}`),
    /events \d+ to \d+ are missing at the end/,
  ],
  [
    'the end is cut and the head set back',
    (db) => {
      db.exec(`DELETE FROM event WHERE seq > ${events - 2}`)
      const { hash } = db.prepare('SELECT hash FROM event ORDER BY seq DESC LIMIT 1').get() as { hash: string }
      db.prepare(`UPDATE record SET body = ? WHERE ${HEAD}`).run(JSON.stringify({ seq: events - 2, hash }))
    },
    /record event-head.+is not authentic/,
  ],
  [
    'the end is cut and the head of an older copy put in',
    (db) => {
      const head = sql(older, (old) => old.prepare(`SELECT body, revision, mac FROM record WHERE ${HEAD}`).get()) as {
        body: string
        revision: number
        mac: Uint8Array
      }
      db.prepare(`UPDATE record SET body = ?, revision = ?, mac = ? WHERE ${HEAD}`).run(
        head.body,
        head.revision,
        head.mac,
      )
      db.prepare('DELETE FROM event WHERE seq > ?').run((JSON.parse(head.body) as { seq: number }).seq)
    },
    /missing at the end: the trail was cut, or an older copy/,
  ],
  [
    "the trail's signing key is removed",
    (db) => db.exec("DELETE FROM record WHERE kind = 'trail-signing-key'"),
    /the signing key of the trail is missing/,
  ],
  [
    'the record of the installation is',
    (db) => db.exec("DELETE FROM record WHERE kind = 'installation'"),
    /the record of how this database was set up is missing/,
  ],
  [
    'the head is removed',
    (db) => db.exec(`DELETE FROM record WHERE ${HEAD}`),
    /the head of the event chain is missing/,
  ],
]

describe('strongroom audit verify', () => {
  it('finds the trail of an untouched database intact', async () => {
    const { code, out } = await verify(data)
    assert.equal(code, 0)
    assert.match(out, new RegExp(`^intact: ${events} events up to number ${events}`))
    assert.equal((await verify(older)).code, 0)
  })

  for (const [what, attack, fault] of ATTACKS)
    it(`finds it when ${what}`, async () => {
      const folder = copy()
      sql(folder, attack)
      const { code, err } = await verify(folder)
      assert.equal(code, 1, err)
      assert.match(err, fault instanceof RegExp ? fault : sql(folder, fault))
    })

  it('verifies a period alone, from the checkpoint before it', async () => {
    const folder = copy()
    const cutAt = sql(older, (db) => Number(db.prepare('SELECT max(seq) AS n FROM event').get()?.['n']))
    sql(folder, (db) => db.exec('UPDATE event SET at = at - 86400000 * 3 WHERE seq <= 40'))
    const { code, err } = await verify(folder, '--to', new Date(Date.now() - 86_400_000).toISOString().slice(0, 10))
    assert.equal(code, 1)
    assert.match(err, /event 1 \(/)
    assert.ok(cutAt > 1)
    assert.equal((await verify(folder, '--from', 'yesterday')).code, 2)
    assert.equal((await verify(folder, '--from', '2026-02-01', '--to', '2026-01-01')).code, 2)
  })
})

describe('a database that was put back to an older copy', () => {
  it('is found and not served, until the operator accepts it, which the trail records', async () => {
    const folder = copy()
    for (const ending of ['', '-wal', '-shm']) rmSync(join(folder, DB + ending), { force: true })
    cpSync(join(older, DB), join(folder, DB))
    const found = await verify(folder)
    assert.equal(found.code, 1)
    assert.match(found.err, /missing at the end/)
    await assert.rejects(startProgram({ data: folder }), /this server saw its event \d+ on .+ audit accept-restore/)
    const accepted = await runHere(['audit', 'accept-restore', '--data', folder])
    assert.equal(accepted.code, 0, accepted.err)
    assert.match(accepted.out, /^accepted: /)
    const program = await startProgram({ data: folder })
    await record(program, 3)
    await program.stop()
    assert.equal((await verify(folder)).code, 0)
    const exported = await runHere(['audit', 'export', '--data', folder])
    assert.match(exported.out, /"eventName":"AcceptRestoredTrail"/)
    assert.match((await runHere(['audit', 'accept-restore', '--data', folder])).out, /nothing to accept/)
  })

  it('is found too when new events were recorded on top of it', async () => {
    const folder = copy()
    const witness = readFileSync(join(folder, 'audit-witness.json'))
    for (const ending of ['', '-wal', '-shm']) rmSync(join(folder, DB + ending), { force: true })
    cpSync(join(older, DB), join(folder, DB))
    rmSync(join(folder, 'audit-witness.json'))
    const unwitnessed = await verify(folder)
    assert.deepEqual([unwitnessed.code, /WARNING: the trail has \d+ events, and/.test(unwitnessed.err)], [0, true])
    // As a crash leaves it.
    writeFileSync(join(folder, 'audit-witness.json.0123456789abcdef.new'), '')
    const program = await startProgram({ data: folder })
    assert.match(program.log(), /THE TRAIL HAS NO WITNESS/)
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('0123456789abcdef.new')),
      [],
    )
    await record(program, 60)
    await program.stop()
    writeFileSync(join(folder, 'audit-witness.json'), witness)
    const { code, err } = await verify(folder)
    assert.equal(code, 1)
    assert.match(err, /were rewritten/)
  })
})

/** All events rewritten and chained again; the checkpoint at the end as it was, its number written as a text. */
function forgedExport(lines: readonly string[]): string[] {
  let { hash } = GENESIS
  return lines.map((line) => {
    const parsed = JSON.parse(line)
    if ('end' in parsed) return JSON.stringify({ end: { ...parsed.end, seq: String(parsed.end.seq) } })
    if (!('record' in parsed)) return line
    const [eventId, account, region, at, body, change = null] = parsed.record
    const forged = { eventId, account, region, at, body: String(body).replaceAll('Encrypt', 'Decrypt') }
    hash = link(hash, parsed.seq, forged, change)
    const event = renderEvent(forged)
    return JSON.stringify({ seq: parsed.seq, hash, record: [eventId, account, region, at, forged.body, change], event })
  })
}

describe('a running server under which the database is put back', () => {
  it('commits nothing more, and leaves a witness of what it saw, killed a moment later', async () => {
    const program = await startProgram()
    folders.push(program.data)
    await record(program, 4)
    const path = join(program.data, DB)
    const head = () =>
      sql(program.data, (db) => db.prepare(`SELECT body, revision, mac FROM record WHERE ${HEAD}`).get()) as {
        body: string
        revision: number
        mac: Uint8Array
      }
    const old = head()
    await record(program, 4)
    const witness = async (seq: number) => {
      const read = () => JSON.parse(readFileSync(join(program.data, 'audit-witness.json'), 'utf8'))
      await until(() => read().seq >= seq)
      return read()
    }
    await witness(10)
    // Within the second in which the server renews it, too.
    await program.call('CreateKey')
    const db = new DatabaseSync(path)
    db.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE')
    db.prepare(`UPDATE record SET body = ?, revision = ?, mac = ? WHERE ${HEAD}`).run(old.body, old.revision, old.mac)
    db.exec('DELETE FROM event WHERE seq > 5; COMMIT')
    db.close()
    assert.equal((await program.call('CreateKey')).status, 503)
    await program.stop('SIGKILL')
    assert.equal((await witness(11)).seq, 11)
    assert.match(program.log(), /the trail ends at event 5, and this server saw its event 11/)
    const { code, err } = await verify(program.data)
    assert.deepEqual([code, /missing at the end/.test(err)], [1, true], err)
    await assert.rejects(startProgram({ data: program.data }), /audit accept-restore/)
  })
})

describe('strongroom audit export', () => {
  it('writes a copy that the public key alone verifies, and in which every change is found', async () => {
    const folder = temporaryFolder()
    folders.push(folder)
    const [file, keyFile] = [join(folder, 'trail.jsonl'), join(folder, 'key.pem')]
    assert.equal((await runHere(['audit', 'export', '--data', data, '--output', file])).code, 0)
    writeFileSync(keyFile, (await runHere(['audit', 'public-key', '--data', data])).out)
    const check = async (lines: readonly string[]) => {
      const path = join(folder, 'changed.jsonl')
      writeFileSync(path, lines.join('\n'))
      return runHere(['audit', 'verify', '--file', path, '--public-key', keyFile])
    }
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    const intact = await check(lines)
    assert.equal(intact.code, 0, intact.err)
    assert.match(intact.out, new RegExp(`^intact: ${events} events`))
    const replaced = (at: number, change: (line: string) => string) =>
      lines.map((line, i) => (i === at ? change(line) : line))
    const changes: readonly [readonly string[], RegExp][] = [
      [
        replaced(8, (line) => line.replace('"record":["', '"record":["0')),
        /event 8 \(.+\n.+: 0 events before it are as they were recorded\n.+: 7 more are consistent with each other, but no signature confirms/,
      ],
      [
        replaced(8, (line) => line.replace('"eventName":"Encrypt"', '"eventName":"Decrypt"')),
        /event 8 \(.+\) is shown differently from what was recorded/,
      ],
      [lines.toSpliced(8, 1), /event 8 is missing before event 9/],
      [lines.toSpliced(8, 2, lines[9] ?? '', lines[8] ?? ''), /event 8 is missing before event 9/],
      [lines.toSpliced(8, 0, lines[7] ?? ''), /event 7 \(.+\) is in the place of event 8/],
      [lines.slice(0, -1), /its end was cut/],
      [lines.slice(0, 8).concat(lines.slice(-2)), /missing at the end/],
      [lines.slice(0, -2).concat(lines.slice(-1)), /can't be read/],
      [lines.slice(1), /does not begin with a checkpoint/],
      [lines.concat(lines.slice(4, 5)), /comes after the end/],
      [
        replaced(0, (line) => line.replace('"seq":0', '"seq":1')),
        /does not begin with a checkpoint that bears the signature/,
      ],
      [[], /does not begin|is empty/],
      [replaced(3, () => '{'), /can't be read/],
    ]
    for (const [changed, fault] of changes) {
      const { code, err } = await check(changed)
      assert.equal(code, 1)
      assert.match(err, fault)
    }
    const forged = forgedExport(lines)
    assert.match((await check(forged)).err, /does not bear the signature/)
    const other = await startProgram()
    await other.stop()
    folders.push(other.data)
    writeFileSync(keyFile, (await runHere(['audit', 'public-key', '--data', other.data])).out)
    assert.match((await check(lines)).err, /does not begin with a checkpoint that bears the signature/)
  })

  it('signs no copy of a trail that was altered', async () => {
    const folder = copy()
    sql(folder, (db) => db.exec('DELETE FROM event WHERE seq = 20'))
    const { code, err } = await runHere(['audit', 'export', '--data', folder])
    assert.equal(code, 1)
    assert.match(err, /can't be exported: event 20 is missing/)
  })

  it('writes a table, in which a spreadsheet takes no field for a formula', async () => {
    const program = await startProgram()
    folders.push(program.data)
    await program.call('DescribeKey', { KeyId: '=1+1,"x"' })
    await program.stop()
    const { out } = await runHere(['audit', 'export', '--format', 'csv', '--data', program.data])
    const [head, row] = out.split('\n')
    assert.match(head ?? '', /^seq,eventTime,eventId,/)
    assert.match(row ?? '', /Forbidden\.KeyNotFound.*,"'=1\+1,""x"""$/)
  })
})

describe('strongroom audit verify --delivered', () => {
  it('verifies delivered objects with the public key alone, and says when the latest ones are missing', async () => {
    const program = await startProgram({ flags: ['--delivery-interval-seconds', '1'] })
    folders.push(program.data)
    const Name = 'evidence'
    const trail = async (action: string, parameters: Record<string, string> = {}) =>
      (await program.call(action, { Version: '2020-07-06', Name, ...parameters })).body
    await trail('CreateTrail', { OssBucketName: 'evidence', EventRW: 'All' })
    await trail('StartLogging')
    await record(program, 5)
    await trail('StopLogging')
    let status = await trail('GetTrailStatus')
    await until(async () => {
      status = await trail('GetTrailStatus')
      return status.DeliveryLagSeconds === 0 && status.LatestDigestNumber > 0
    })
    await program.stop()
    const folder = join(program.data, 'trails', program.credentials.accountId, 'evidence')
    const keyFile = join(program.data, 'key.pem')
    writeFileSync(keyFile, (await runHere(['audit', 'public-key', '--data', program.data])).out)
    const check = (...more: string[]) =>
      runHere(['audit', 'verify', '--delivered', folder, '--public-key', keyFile, ...more])
    const last = ['--digest', String(status.LatestDigestNumber), '--chain', status.DigestChain]
    const intact = await check(...last)
    assert.equal(intact.code, 0, intact.err)
    assert.match(intact.out, /^intact: [78] events in/)
    assert.match((await check('--digest', '99')).err, /its last digest here is number \d+, expected is 99/)
    assert.equal((await check('--chain', 'x')).code, 2)
    const object = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('.gz')) ?? ''
    appendFileSync(join(folder, object), 'x')
    const altered = await check(...last)
    assert.deepEqual([altered.code, altered.err.includes(object)], [1, true])
  })
})
