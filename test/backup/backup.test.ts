// Backups and migrations as an operator makes them: commands on databases of houses in this process.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { Decrypter } from 'age-encryption'
import postgres from 'postgres'
import { encodeBackup, FORMAT } from '../../src/backup/format.ts'
import { decodeIdentity, decodeRecipient, encodeRecipient, type Recipient } from '../../src/cryptography/age.ts'
import { sealAge } from '../../src/cryptography/age-stream.ts'
import { LiveServers } from '../../src/house/live-servers.ts'
import { onlyServer } from '../../src/house/only-server.ts'
import { writeWitness } from '../../src/house/witness.ts'
import { KMS_INDEX } from '../../src/kms/record-index.ts'
import { storedServiceWork } from '../../src/ledger/stored-event.ts'
import { openCopyTarget, openSource } from '../../src/storage/copying/open.ts'
import { migrations } from '../../src/storage/migrations.ts'
import { runHere } from '../acceptance/line.ts'
import {
  BIN,
  type Credentials,
  removeFolder,
  runProgram,
  startProgram,
  temporaryFolder,
} from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { makeToken, softHsmTokenFolders } from '../keystore/pkcs11/tokens.ts'
import { type PostgresqlServer, startPostgresql } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'

const folder = temporaryFolder()
const file = (name: string) => join(folder, name)
const IDENTITY = file('identity')
let recipient = ''
let postgresql: PostgresqlServer

before(async () => {
  const made = await runHere(['backup', 'key', '--output', IDENTITY])
  assert.equal(made.code, 0, made.err)
  recipient = made.out.trim()
  postgresql = await startPostgresql()
})
after(async () => {
  await postgresql[Symbol.asyncDispose]()
  removeFolder(folder)
})

/** Where a database is: the flags that say so. */
const where = (data: string, database: string | null) => [
  '--data',
  data,
  ...(database === null ? [] : ['--database', database]),
]

/** A new data folder that has the root key of a house, and nothing else. */
function folderFor(house: TestHouse): string {
  const data = temporaryFolder()
  copyFileSync(join(house.data, 'root-key'), join(data, 'root-key'))
  return data
}

/** A house with a key, a ciphertext, and many events. */
async function furnished(database: string | null, events = 1200): Promise<TestHouse> {
  const house = await openTestHouse(database)
  const { KeyId } = (await house.call('CreateKey')).body.KeyMetadata
  await house.call('CreateAlias', { KeyId, AliasName: 'alias/kept' })
  const body = storedServiceWork('RotateKey', [{ type: 'ACS::KMS::Key', name: KeyId }])
  const { ledger, runtime } = house.open
  const event = (i: number) => ({
    eventId: runtime.newId(),
    account: house.credentials.accountId,
    region: 'cn-hangzhou',
    at: house.now + i,
    body,
  })
  await Promise.all(
    Array.from({ length: events }, (_, i) => ledger.commit({ changes: [], nonce: null, event: event(i) })),
  )
  return house
}

/** All rows of a database, except nonces, which each kind of database keeps in its own way. */
async function rowsOf(url: string): Promise<readonly string[]> {
  await using source = await openSource(url)
  const all: string[] = []
  for await (const rows of source.rows()) for (const row of rows) if (row[0] !== 'nonces') all.push(JSON.stringify(row))
  return all
}

/** Fails with the first rows that only one of them has. */
function assertSame(some: readonly string[], others: readonly string[]): void {
  const [one, other] = [new Set(some), new Set(others)]
  const only = (a: ReadonlySet<string>, b: ReadonlySet<string>) => [...a].filter((row) => !b.has(row)).slice(0, 2)
  assert.deepEqual([only(one, other), only(other, one), some.length], [[], [], others.length])
}

async function noncesOf(url: string): Promise<ReadonlySet<string>> {
  await using source = await openSource(url)
  const all = new Set<string>()
  for await (const rows of source.rows())
    for (const [name, , digests] of rows) {
      const bytes = Buffer.from(name === 'nonces' ? String(digests) : '', 'base64')
      for (let at = 0; at < bytes.length; at += 16) all.add(bytes.toString('hex', at, at + 16))
    }
  return all
}

async function backedUp(house: TestHouse, name: string): Promise<string> {
  const to = file(name)
  const done = await runHere(['backup', '--to', to, '--recipient', recipient, ...where(house.data, house.database)])
  assert.equal(done.code, 0, done.err)
  assert.match(
    done.out,
    /^backup of .*\n\d+ records: \d+ accounts, \d+ keys[\s\S]*^read again: the file has the written data/m,
  )
  return to
}

const restoring = (from: string, data: string, database: string | null, ...more: string[]) => [
  ...['restore', '--from', from, '--identity', IDENTITY, ...where(data, database), ...more],
]

for (const [name, fresh] of [
  ['SQLite', () => null],
  ['PostgreSQL', () => postgresql.database()],
] as const)
  describe(`a backup on ${name}`, () => {
    let house: TestHouse
    let backup: string
    before(async () => {
      house = await furnished(fresh())
      backup = await backedUp(house, `${name}.age`)
    })
    after(() => house[Symbol.asyncDispose]())

    it('is one consistent state, however many calls are committed meanwhile', async () => {
      const stopped = new AbortController()
      const load = (async () => {
        while (!stopped.signal.aborted) await house.call('CreateKey')
      })()
      const to = file(`${name}-loaded.age`)
      const made = await runProgram([
        ...['backup', '--to', to, '--recipient', recipient, ...where(house.data, house.database)],
      ])
      stopped.abort()
      await load
      assert.equal(made.code, 0, made.err)
      const verified = await runHere(['backup', 'verify', to, '--identity', IDENTITY])
      assert.deepEqual([verified.code, verified.err], [0, ''])
      assert.match(verified.out, /^intact: the whole backup can be decrypted, and every chain of events is unbroken$/m)
      const keys = Number(/(\d+) keys/.exec(verified.out)?.[1])
      assert.ok(keys >= 1, verified.out)
    })

    it('ends with a signal, and leaves nothing half done', async () => {
      const listening = process.listenerCount('SIGTERM')
      // As soon as it is waited for, which is before the backup has content.
      const stop = (event: string | symbol) => {
        if (event === 'SIGTERM') setImmediate(() => process.emit('SIGTERM', 'SIGTERM'))
      }
      process.on('newListener', stop)
      try {
        const to = file(`${name}-stopped.age`)
        const words = ['backup', '--to', to, '--recipient', recipient, ...where(house.data, house.database)]
        assert.deepEqual(await runHere(words), { code: 1, out: '', err: 'strongroom: stopped by SIGTERM\n' })
      } finally {
        process.off('newListener', stop)
      }
      const left = readdirSync(folder).filter((path) => path.startsWith(`${name}-stopped`))
      assert.deepEqual([left, process.listenerCount('SIGTERM')], [[], listening])
    })

    it('leaves signals to the system while it is printed: a process that nobody reads from handles none', async () => {
      const handled: unknown[] = []
      const note = (event: string | symbol) => handled.push(event)
      process.on('newListener', note)
      try {
        const words = ['backup', '--to', '-', '--recipient', recipient, ...where(house.data, house.database)]
        assert.equal((await runHere(words)).code, 0)
      } finally {
        process.off('newListener', note)
      }
      assert.deepEqual([handled.includes('SIGTERM'), handled.includes('SIGINT')], [false, false])
    })

    it('is a file of age of mode 0600, which other programs open', async () => {
      assert.equal(statSync(backup).mode & 0o777, 0o600)
      const decrypter = new Decrypter()
      decrypter.addIdentity(/AGE-SECRET-KEY-\S+/.exec(readFileSync(IDENTITY, 'utf8'))?.[0] ?? '')
      const lines = Buffer.from(await decrypter.decrypt(readFileSync(backup)))
        .toString('utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      const { format, counts } = lines[0]
      assert.equal(format, 'strongroom-backup/1')
      assert.equal(lines.slice(1).filter(([table]) => table === 'event').length, counts.event)
      assert.ok(counts.event >= 1200)
    })

    it('is restored into either database, with all rows, nonces and the index of searches', async () => {
      const source = house.database ?? join(house.data, 'strongroom.db')
      for (const database of [null, postgresql.database()]) {
        const to = await backedUp(house, `${name}-${database === null}.age`)
        const [rows, nonces] = [await rowsOf(source), await noncesOf(source)]
        const data = folderFor(house)
        const target = database ?? join(data, 'strongroom.db')
        const done = await runHere(restoring(to, data, database))
        assert.equal(done.code, 0, done.err)
        assert.match(done.out, /^verified with the root key: \d+ records are authentic, \d+ events/m)
        assert.match(done.out, /there is no witness/)
        assert.match(done.err, /WARNING: all changes after .* are undone.*revoke them again/)
        const present = await rowsOf(target)
        // The restore itself is recorded, which moves the head of the trail.
        const there = new Set(present)
        const gone = rows.filter((row) => !there.has(row))
        assert.ok(
          gone.every((row) => row.startsWith('["record","event-head"')),
          `missing: ${gone.slice(0, 3)}`,
        )
        assert.ok([...nonces].every((nonce) => nonce !== '') && nonces.size > 0)
        assert.deepEqual(await noncesOf(target), nonces)
        const found = await runHere(['audit', 'export', ...where(data, database)])
        assert.match(found.out, /"eventName":"AcceptRestoredTrail"[^\n]*Strongroom::Backup/)
        await using again = await openTestHouse(database, ['--data', data])
        const listed = await again.call('ListKeys', { Filters: '[{"Key":"KeyState","Values":["Enabled"]}]' })
        assert.equal(listed.status, 200)
        removeFolder(data)
      }
    })

    it('says how many events are missing that a witness saw', async () => {
      await house.call('CreateKey')
      const run = (...words: string[]) => runHere([...words, ...where(house.data, house.database)])
      assert.equal((await run('account', 'key', 'create', house.credentials.accountId)).code, 0)
      const data = folderFor(house)
      copyFileSync(join(house.data, 'audit-witness.json'), join(data, 'audit-witness.json'))
      const database = fresh()
      const done = await runHere(restoring(backup, data, database))
      assert.equal(done.code, 0, done.err)
      assert.match(done.out, /^\d+ events are missing: the trail ends at event \d+, and this server saw its event \d+/m)
      assert.match(done.out, /^the witness: \{"seq":\d+/m)
      // The witness begins anew: commands go on.
      assert.equal((await runHere(['account', 'list', ...where(data, database)])).code, 0)
      removeFolder(data)
    })

    it('is refused by a database that is not empty, with another key, cut, continued or altered', async () => {
      const used = await runHere(restoring(backup, house.data, house.database))
      assert.deepEqual([used.code, used.out], [1, ''])
      assert.match(used.err, /is not empty/)
      const other = file(`${name}-other`)
      await runHere(['backup', 'key', '--output', other])
      const wrong = await runHere(['backup', 'verify', backup, '--identity', other])
      assert.match(wrong.err, /can't be used: it was sealed for other keys/)
      const whole = readFileSync(backup)
      const damaged = file(`${name}-damaged.age`)
      const spoiled: [string, Buffer][] = [
        ['cut', whole.subarray(0, -1)],
        ['cut at a chunk', whole.subarray(0, whole.indexOf('\n---') + 50 + 16 + 65_552)],
        ['continued', Buffer.concat([whole, Buffer.from('x')])],
        ['empty', Buffer.alloc(0)],
      ]
      for (let i = 0; i < 8; i++) {
        const flipped = Buffer.from(whole)
        const at = Math.floor((i / 8) * whole.length)
        flipped[at] = (flipped[at] ?? 0) ^ (1 << i)
        spoiled.push([`byte ${at}`, flipped])
      }
      for (const [what, bytes] of spoiled) {
        writeFileSync(damaged, bytes)
        const refused = await runHere(['backup', 'verify', damaged, '--identity', IDENTITY])
        assert.deepEqual([refused.code, refused.out], [1, ''], what)
        assert.match(refused.err, /^strongroom: the backup `.*` can't be used: /, what)
      }
      const data = folderFor(house)
      const database = fresh()
      writeFileSync(damaged, whole.subarray(0, -1))
      assert.equal((await runHere(restoring(damaged, data, database))).code, 1)
      const opened = await runHere(['account', 'list', ...where(data, database)])
      assert.equal(opened.code, 1)
      assert.match(opened.err, /has not ended/)
      removeFolder(data)
    })

    it('waits for its root key, and no server or command opens it before', async () => {
      const data = temporaryFolder()
      const database = fresh()
      const without = await runHere(restoring(backup, data, database))
      assert.equal(without.code, 1)
      assert.match(
        without.err,
        /all rows are in the database, but the copy is not finished[\s\S]*root key file .* is missing/,
      )
      for (const words of [
        ['account', 'list'],
        ['serve', '--listen', '127.0.0.1:0'],
        ['audit', 'verify'],
      ])
        assert.match((await runHere([...words, ...where(data, database)])).err, /run the same command again/)
      copyFileSync(join(house.data, 'root-key'), join(data, 'root-key'))
      const done = await runHere(restoring(backup, data, database))
      assert.equal(done.code, 0, done.err)
      assert.equal((await runHere(['audit', 'verify', ...where(data, database)])).code, 0)
      removeFolder(data)
    })

    it('goes on after its restore was killed', async () => {
      const data = folderFor(house)
      const database = fresh()
      const words = restoring(backup, data, database)
      const child = spawn(BIN, words, { stdio: 'ignore' })
      const ended = once(child, 'exit')
      const target = database ?? join(data, 'strongroom.db')
      await Promise.race([ended, until(async () => (await markOf(target)) > 0)])
      child.kill('SIGKILL')
      await ended
      const [, other] = [await runHere(words), await runHere(['audit', 'verify', ...where(data, database)])]
      assert.equal(other.code, 0, other.err)
      const rows = await rowsOf(target)
      assert.equal(new Set(rows).size, rows.length)
      removeFolder(data)
    })

    it('records its restore once and says the same, also where that was interrupted after the event', async () => {
      const data = folderFor(house)
      const database = fresh()
      // The lost server saw an event after the backup.
      await house.must('CreateKey')
      const { trailSigner, ledger } = house.open
      await writeWitness(house.data, trailSigner.checkpoint(await ledger.heads(), house.now))
      // The witness is written after the event: here it can't be.
      const inTheWay = join(data, 'audit-witness.json')
      mkdirSync(join(inTheWay, 'full'), { recursive: true })
      const words = restoring(backup, data, database, '--witness', join(house.data, 'audit-witness.json'))
      const interrupted = await runHere(words)
      assert.match(interrupted.err, /the copy is not finished/)
      rmSync(inTheWay, { recursive: true })
      const done = await runHere(words)
      assert.equal(done.code, 0, done.err)
      const [missing] = /^\d+ events are missing: .*$/m.exec(interrupted.out) ?? []
      assert.ok(missing && done.out.includes(missing), `${interrupted.out}\n${done.out}`)
      const { out } = await runHere(['audit', 'export', ...where(data, database)])
      assert.equal(out.match(/"eventName":"AcceptRestoredTrail"/g)?.length, 1)
      removeFolder(data)
    })

    it('is refused while another command fills the same database', async () => {
      const data = folderFor(house)
      const database = fresh()
      const url = database ?? join(data, 'strongroom.db')
      await using one = await openCopyTarget(url, KMS_INDEX)
      await using two = await openCopyTarget(url, KMS_INDEX)
      assert.deepEqual([await one.begin('a'), await two.begin('a')], [0, 0])
      await one.write([['change_number', 7]])
      await assert.rejects(two.write([['change_number', 8]]), /another process fills this database/)
      await assert.rejects(two.begin('b'), /another restore or migration/)
      if (database === null) {
        using _ = onlyServer({ data, database: null })
        assert.match((await runHere(restoring(backup, data, database))).err, /another strongroom serves/)
      }
      removeFolder(data)
    })
  })

/** How many rows a database that is being filled has; 0 before. */
async function markOf(url: string): Promise<number> {
  if (url.startsWith('postgres')) {
    await using target = await openCopyTarget(url, KMS_INDEX).catch(() => null)
    return target ? 1 : 0
  }
  if (!existsSync(url)) return 0
  try {
    using db = new DatabaseSync(url, { readOnly: true })
    return Number(db.prepare('SELECT n FROM strongroom_copy').get()?.['n'] ?? 0)
  } catch {
    return 0
  }
}

describe('a backup of nothing', () => {
  it('makes no root key, and no database that serves', async () => {
    const counts = { record: 0, tally: 0, change_number: 0, nonces: 0, event: 0, event_index: 0 }
    const schema = migrations('sqlite').length
    const none = (async function* () {})()
    const backup = encodeBackup({ format: FORMAT, id: 'none', at: 1, version: '0', schema, counts }, none)
    const sealed = await Array.fromAsync(sealAge(backup, [decodeRecipient(recipient) as Recipient], randomBytes))
    writeFileSync(file('none.age'), Buffer.concat(sealed))
    const data = temporaryFolder()
    for (const more of [[], ['--accept-damage']]) {
      const refused = await runHere(restoring(file('none.age'), data, null, ...more))
      assert.equal(refused.code, 1)
      assert.match(refused.err, /the copied database was never set up/)
      assert.equal(existsSync(join(data, 'root-key')), false)
    }
    removeFolder(data)
  })
})

describe('a backup on a full disk', () => {
  it('leaves no file, and a restore there goes on when there is room', async () => {
    const house = await furnished(null)
    try {
      const limited = (kilobytes: number, words: readonly string[]) =>
        spawnSync('bash', ['-c', 'ulimit -f "$0" && exec "$@"', String(kilobytes), BIN, ...words], { encoding: 'utf8' })
      const to = file('full/backup.age')
      mkdirSync(file('full'))
      const failed = limited(64, ['backup', '--to', to, '--recipient', recipient, '--data', house.data])
      assert.equal(failed.status, 1, failed.stderr)
      assert.deepEqual(readdirSync(file('full')), [])
      const backup = await backedUp(house, 'full.age')
      const data = folderFor(house)
      const words = restoring(backup, data, null)
      const stopped = limited(200, words)
      assert.equal(stopped.status, 1, stopped.stderr)
      assert.match(stopped.stderr, /^strongroom: SQLite: /m)
      const done = await runHere(words)
      assert.equal(done.code, 0, done.err)
      removeFolder(data)
    } finally {
      await house[Symbol.asyncDispose]()
    }
  })
})

describe('a migration', () => {
  it('moves all rows from SQLite to PostgreSQL and back, and nothing starts on a source', async () => {
    const house = await furnished(null)
    const source = join(house.data, 'strongroom.db')
    const url = postgresql.database()
    const data = folderFor(house)
    try {
      const running = onlyServer({ data: house.data, database: null })
      const refused = await runHere(['migrate', '--from', house.data, '--to', url])
      assert.match(refused.err, /another strongroom serves/)
      running[Symbol.dispose]()
      await house.stop()
      const [rows, nonces] = [await rowsOf(source), await noncesOf(source)]
      const there = await runHere(['migrate', '--from', house.data, '--to', url])
      assert.equal(there.code, 0, there.err)
      assert.match(there.out, /^copied \d+ records and 12\d\d events to postgresql:/)
      assertSame(await rowsOf(url), rows)
      assert.deepEqual(await noncesOf(url), nonces)
      for (const words of [
        ['serve'],
        ['account', 'list'],
        ['audit', 'verify'],
        ['backup', '--to', file('no'), '--recipient', recipient],
      ])
        assert.match(
          (await runHere([...words, '--data', house.data])).err,
          /was moved to postgresql:\/\/.* serve that one/,
        )
      assert.match((await runHere(['migrate', '--from', house.data, '--to', url])).out, /was already moved to /)
      const elsewhere = await runHere(['migrate', '--from', house.data, '--to', postgresql.database()])
      assert.match(elsewhere.err, /was already moved to /)
      const back = await runHere(['migrate', '--from', url, '--to', data])
      assert.equal(back.code, 0, back.err)
      assertSame(await rowsOf(join(data, 'strongroom.db')), rows)
      assert.match((await runHere(['account', 'list', ...where(data, url)])).err, /was moved to /)
      const verified = await runHere(['audit', 'verify', '--data', data])
      assert.deepEqual([verified.code, verified.err], [0, ''])
    } finally {
      await house[Symbol.asyncDispose]()
      removeFolder(data)
    }
  })

  it('refuses an older copy of the database, wherever the witness is', async () => {
    const house = await furnished(null, 3)
    const [older, data] = [folderFor(house), folderFor(house)]
    const witness = join(house.data, 'audit-witness.json')
    try {
      new DatabaseSync(house.database ?? join(house.data, 'strongroom.db')).exec(
        `VACUUM INTO '${join(older, 'strongroom.db')}'`,
      )
      await house.stop()
      const later = ['account', 'key', 'create', house.credentials.accountId, '--data', house.data]
      assert.equal((await runHere(later)).code, 0)
      const words = ['migrate', '--from', older, '--to', data]
      const named = await runHere([...words, '--witness', witness])
      assert.match(named.err, /the source contradicts its witness/)
      copyFileSync(witness, join(older, 'audit-witness.json'))
      const beside = await runHere(words)
      assert.match(beside.err, /the source contradicts its witness/)
      assert.match((await runHere(['account', 'list', '--data', data])).err, /has not ended/)
      const accepted = await runHere([...words, '--accept-damage'])
      assert.match(accepted.err, /NOT INTACT: the source contradicts its witness/)
      assert.equal((await runHere(['account', 'list', '--data', data])).code, 0)
    } finally {
      await house[Symbol.asyncDispose]()
      removeFolder(older)
      removeFolder(data)
    }
  })

  it('takes an older copy on PostgreSQL where no witness is named, and says that nothing tells', async () => {
    const house = await furnished(postgresql.database(), 3)
    const [older, data] = [new URL(house.database ?? ''), folderFor(house)]
    try {
      await house.stop()
      const name = older.pathname.slice(1)
      older.pathname = `/${name}_older`
      const sql = postgres(postgresql.database(), { max: 1, onnotice: () => {} })
      await sql.unsafe(`CREATE DATABASE "${name}_older" TEMPLATE "${name}"`)
      await sql.end()
      const later = ['account', 'key', 'create', house.credentials.accountId, ...where(house.data, house.database)]
      assert.equal((await runHere(later)).code, 0)
      const words = ['migrate', '--from', older.href, '--to', data]
      const named = await runHere([...words, '--witness', join(house.data, 'audit-witness.json')])
      assert.match(named.err, /the source contradicts its witness/)
      const unnamed = await runHere(words)
      assert.deepEqual([unnamed.code, unnamed.err], [0, ''])
      assert.match(unnamed.out, /^it is unknown whether the source is an older copy: there is no witness$/m)
      const verified = await runHere(['audit', 'verify', '--data', data])
      assert.deepEqual([verified.code, verified.err], [0, ''])
    } finally {
      await house[Symbol.asyncDispose]()
      removeFolder(data)
    }
  })

  it('goes on after it was killed', async () => {
    const house = await furnished(null)
    await house.stop()
    const url = postgresql.database()
    const words = ['migrate', '--from', house.data, '--to', url]
    const rows = await rowsOf(join(house.data, 'strongroom.db'))
    const child = spawn(BIN, words, { stdio: 'ignore' })
    const ended = once(child, 'exit')
    await Promise.race([ended, until(async () => (await markOf(url)) > 0)])
    child.kill('SIGKILL')
    await ended
    const done = await runHere(words)
    assert.equal(done.code, 0, done.err)
    assertSame(await rowsOf(url), rows)
    await house[Symbol.asyncDispose]()
  })

  it('is refused while a server lives on PostgreSQL, and stops one that it did not see', async () => {
    const house = await furnished(postgresql.database(), 10)
    const data = folderFor(house)
    try {
      const words = ['migrate', '--from', house.database ?? '', '--to', data]
      const servers = new LiveServers(house.open)
      await servers.beat()
      const beats = setInterval(() => void servers.beat(), 200)
      const refused = await runHere(words)
      clearInterval(beats)
      assert.match(refused.err, /a server runs on the database/)
      await servers.leave()
      const done = await runHere(words)
      assert.equal(done.code, 0, done.err)
      // It slept all the time, and wakes up.
      assert.equal((await house.call('CreateKey')).status, 503)
      assert.equal((await house.call('ListKeys')).status, 503)
    } finally {
      await house[Symbol.asyncDispose]()
      removeFolder(data)
    }
  })
})

describe('a rehearsal', () => {
  for (const [name, fresh] of [
    ['SQLite', () => null],
    ['PostgreSQL', () => postgresql.database()],
  ] as const)
    it(`on ${name}: a server is backed up under load and lost with its machine, and another one serves`, async (test) => {
      const [lost, data] = [temporaryFolder(), temporaryFolder()]
      const [former, database] = [fresh(), fresh()]
      const program = await startProgram({ data: lost, flags: where(lost, former).slice(2) })
      const { KeyId } = (await program.call('CreateKey')).body.KeyMetadata
      const { CiphertextBlob } = (await program.call('Encrypt', { KeyId, Plaintext: 'aGVsbG8=' })).body
      let isLost = false
      const load = Array.from({ length: 4 }, async () => {
        while (!isLost) await program.call('Encrypt', { KeyId, Plaintext: 'aGVsbG8=' }).catch(() => {})
      })
      const backup = file(`rehearsal-${name}.age`)
      const made = await runHere(['backup', '--to', backup, '--recipient', recipient, ...where(lost, former)])
      assert.equal(made.code, 0, made.err)
      // What is kept elsewhere.
      for (const kept of ['root-key', 'root-credentials.json']) copyFileSync(join(lost, kept), join(data, kept))
      isLost = true
      assert.equal(await program.stop('SIGKILL'), null)
      await Promise.all(load)
      removeFolder(lost)
      const began = performance.now()
      const done = await runHere(restoring(backup, data, database))
      assert.equal(done.code, 0, done.err)
      const another = await startProgram({ data, flags: where(data, database).slice(2) })
      try {
        const opened = await another.call('Decrypt', { CiphertextBlob })
        assert.deepEqual([opened.status, opened.body.Plaintext], [200, 'aGVsbG8='])
        test.diagnostic(`serves again after ${Math.round(performance.now() - began)} ms`)
        const verified = await runHere(['audit', 'verify', ...where(data, database)])
        assert.deepEqual([verified.code, verified.err], [0, ''])
      } finally {
        await another.stop()
        removeFolder(data)
      }
    })
})

const PLAINTEXT = 'aGVsbG8='

/** A ciphertext, and who may decrypt it. */
interface Encrypted {
  readonly CiphertextBlob: string
  readonly owner: Credentials
}

async function encrypted(house: TestHouse, parameters: Record<string, string> = {}): Promise<Encrypted> {
  const { KeyId } = (await house.must('CreateKey', parameters)).KeyMetadata
  const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: PLAINTEXT })
  return { CiphertextBlob, owner: house.credentials }
}

interface Opening {
  /** What opens the root key, beside where the database is. */
  readonly flags?: readonly string[]
  readonly env?: Record<string, string>
}

/** A backup that is made while all servers of a database are called. */
async function backedUpUnderLoad(servers: readonly TestHouse[], name: string): Promise<string> {
  let ended = false
  const load = servers.map(async (house) => {
    while (!ended) await house.must('CreateKey', { ProtectionLevel: 'SOFTWARE' })
  })
  const to = file(name)
  const { data, database } = servers[0] as TestHouse
  const made = await runHere(['backup', '--to', to, '--recipient', recipient, ...where(data, database)])
  ended = true
  await Promise.all(load)
  assert.equal(made.code, 0, made.err)
  return to
}

/** Restores, as a command that must succeed; returns what it prints. */
async function restored(words: readonly string[], { flags = [], env = {} }: Opening = {}): Promise<string> {
  const done = await runHere([...words, ...flags], env)
  assert.equal(done.code, 0, done.err)
  assert.match(done.out, /^verified with the root key: /m)
  return done.out
}

/** Old ciphertexts open, and each of the servers records in the lane that it has; `audit verify` agrees while they run. */
async function assertServe(
  servers: readonly TestHouse[],
  ciphertexts: readonly Encrypted[],
  data: string,
  { flags = [], env = {} }: Opening = {},
): Promise<void> {
  for (const house of servers) {
    const { ledger } = house.open
    const end = async () => (await ledger.heads())[ledger.lane.number]?.seq ?? 0
    const before = await end()
    for (const { CiphertextBlob, owner } of ciphertexts) {
      const { status, body } = await house.call('Decrypt', { CiphertextBlob }, owner)
      assert.deepEqual([status, body.Plaintext], [200, PLAINTEXT], JSON.stringify(body))
    }
    assert.equal(await end(), before + ciphertexts.length)
  }
  const { database } = servers[0] as TestHouse
  const verified = await runHere(['audit', 'verify', ...where(data, database), ...flags], env)
  assert.deepEqual([verified.code, verified.err], [0, ''])
  assert.match(verified.out, /^intact: /m)
}

describe('an installation that is lost and restored elsewhere', () => {
  it('has the lanes of its two servers again, on either database', async () => {
    await using one = await furnished(postgresql.database(), 200)
    await using two = await openTestHouse(one.database, ['--root-key-file', join(one.data, 'root-key')])
    for (const { open } of [one, two]) await new LiveServers(open).join()
    const ciphertexts = [await encrypted(one), await encrypted(two)]
    const backup = await backedUpUnderLoad([one, two], 'lanes.age')
    await two.must('CreateKey')
    const { trailSigner, ledger } = two.open
    await writeWitness(two.data, trailSigner.checkpoint(await ledger.heads(), two.now))
    for (const database of [null, postgresql.database()]) {
      const data = folderFor(one)
      const out = await restored(restoring(backup, data, database))
      assert.match(out, /^the trail ends at event \d+ in lane 0, event \d+ in lane 1$/m)
      const key = ['--root-key-file', join(data, 'root-key')]
      await using again = await openTestHouse(database, ['--data', data, ...key])
      await using other = database === null ? null : await openTestHouse(database, key)
      const servers = other ? [again, other] : [again]
      if (other) for (const { open } of servers) await new LiveServers(open).join()
      assert.deepEqual(
        servers.map(({ open }) => open.ledger.lane.number),
        other ? [0, 1] : [0],
      )
      await assertServe(servers, ciphertexts, data)
      if (!other) continue
      // The data folder of the other server that was lost saw more of its lane.
      const beside = [...where(two.data, database), ...key]
      const refused = await runHere(['account', 'list', ...beside])
      assert.match(refused.err, /the trail ends at event .*`strongroom audit accept-restore`/)
      const accepted = await runHere(['audit', 'accept-restore', ...beside])
      assert.equal(accepted.code, 0, accepted.err)
      await assertServe(servers, ciphertexts, two.data, { flags: key })
    }
  })

  it('opens only with the passphrase at the time of the backup', async () => {
    const flagsOf = (name: string, passphrase: string) => {
      writeFileSync(file(name), `${passphrase}\n`, { mode: 0o600 })
      return ['--passphrase-file', file(name)]
    }
    const flags = flagsOf('passphrase', 'five random words of a test')
    await using lost = await openTestHouse(postgresql.database(), ['--root-key-provider', 'passphrase', ...flags])
    const ciphertexts = [await encrypted(lost)]
    const backup = await backedUpUnderLoad([lost], 'passphrase.age')
    const data = temporaryFolder()
    const words = restoring(backup, data, null)
    const without = await runHere(words)
    assert.match(without.err, /the copy is not finished[\s\S]*STRONGROOM_PASSPHRASE/)
    const wrong = await runHere([...words, ...flagsOf('wrong', 'five random words of another')])
    assert.match(wrong.err, /the copy is not finished[\s\S]*the passphrase does not open this database/)
    assert.match(await restored(words, { flags }), /you need the passphrase of that time$/m)
    assert.deepEqual(
      readdirSync(data).filter((name) => name.includes('root')),
      [],
    )
    await using again = await openTestHouse(null, ['--data', data, ...flags])
    await assertServe([again], ciphertexts, data, { flags })
    removeFolder(data)
  })

  it('opens only with its token, which was restored from a backup of its own', async () => {
    const token = makeToken('SoftHSM2')
    await using lost = await openTestHouse(null, ['--root-key-provider', 'hsm'], { token })
    const ciphertexts = [await encrypted(lost), await encrypted(lost, { ProtectionLevel: 'SOFTWARE' })]
    const backup = await backedUpUnderLoad([lost], 'token.age')
    const elsewhere = makeToken('SoftHSM2')
    const { flags, env } = elsewhere
    const [data, database] = [temporaryFolder(), postgresql.database()]
    const words = restoring(backup, data, database)
    assert.match((await runHere(words)).err, /the copy is not finished[\s\S]*set hsm-module and hsm-token/)
    const empty = await runHere([...words, ...flags], env)
    assert.match(
      empty.err,
      /the copy is not finished[\s\S]*there is no secret key [0-9a-f]{48}: restore the token's backup/,
    )
    softHsmTokenFolders(elsewhere.folder).forEach(removeFolder)
    cpSync(join(token.folder, 'tokens'), join(elsewhere.folder, 'tokens'), { recursive: true })
    const out = await restored(words, { flags, env })
    assert.match(out, /you need the key of that time in the HSM$/m)
    await using again = await openTestHouse(database, ['--data', data], { token: elsewhere })
    await assertServe([again], ciphertexts, data, { flags, env })
    removeFolder(data)
  })
})

describe('backup keys', () => {
  it('are files of age of mode 0600, which nothing overwrites', async () => {
    assert.equal(statSync(IDENTITY).mode & 0o777, 0o600)
    const text = readFileSync(IDENTITY, 'utf8')
    assert.match(text, /^# created: .*\n# public key: age1\S{58}\nAGE-SECRET-KEY-1\S{58}\n$/)
    const identity = decodeIdentity(text.trim().split('\n').at(-1) ?? '')
    assert.ok(identity)
    assert.equal(encodeRecipient(identity.recipient), recipient)
    const again = await runHere(['backup', 'key', '--output', IDENTITY])
    assert.equal(again.code, 2)
    assert.equal(readFileSync(IDENTITY, 'utf8'), text)
  })
})
