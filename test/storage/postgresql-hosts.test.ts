// Connection strings with several hosts, TLS to the database, and what the database's settings could lose.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import postgres from 'postgres'
import { openStorage } from '../../src/storage/open.ts'
import { addressOf } from '../../src/storage/postgresql-address.ts'
import { durabilityRisks } from '../../src/storage/postgresql-durability.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { removeFolder, startProgram } from '../acceptance/program.ts'
import { until } from '../until.ts'
import { beginChain, commit } from './chained.ts'
import { makeCertificates, type OwnServer, serveTls, startAlone, startPostgresql } from './postgresql-server.ts'

function call(eventId: string) {
  return { changes: [], nonce: null, event: { eventId, account: '1', region: 'r', at: 5, body: '{}' }, scrub: false }
}

/** Whether a call commits. */
async function commits(storage: Storage, eventId: string): Promise<boolean> {
  const outcomes = await commit(storage, [call(eventId)]).catch(() => [])
  return outcomes[0] === 'committed'
}

describe('a connection string', () => {
  const read = (rest: string) => addressOf(`postgresql://${rest}`)

  it('names hosts, ports and the rest as libpq reads them', () => {
    const { hosts, user, password, database, parameters } = read('u%40x:p%2Fw@a:1,b,[::1]:3/d%20b?application_name=x')
    assert.deepEqual(hosts, [
      { host: 'a', port: 1 },
      { host: 'b', port: 5432 },
      { host: '::1', port: 3 },
    ])
    assert.deepEqual(
      { user, password, database, parameters },
      {
        user: 'u@x',
        password: 'p/w',
        database: 'd b',
        parameters: { application_name: 'x' },
      },
    )
    assert.deepEqual(read('/d?host=/run/postgresql&port=6000').hosts, [{ host: '/run/postgresql', port: 6000 }])
    assert.equal(read('h/d?password=a+b%20c').password, 'a+b c')
    const seconds = ['', '?connect_timeout=0', '?connect_timeout=3'].map((query) => read(`h/d${query}`).connectTimeout)
    assert.deepEqual(seconds, [10, 10, 3])
  })

  for (const [rest, said] of [
    ['h:0/d', /names the host `h:0`: write HOST or HOST:PORT/],
    ['h:x/d', /names the host `h:x`/],
    ['h/d?port=x', /`port` is `x`: write one number for all hosts, or HOST:PORT for each/],
    ['h,i/d?port=1,2', /`port` is `1,2`: write one number/],
    ['h/d?port=70000', /`port` is `70000`/],
    ['h/d?connect_timeout=soon', /`connect_timeout` is `soon`: write whole seconds, at most 9999/],
    ['h/d?connect_timeout=-5', /`connect_timeout` is `-5`/],
    ['u:50%@h/d', /the password in `database` has a % that begins no escape/],
    ['h/d?sslmode=full', /`sslmode` is `full`: use one of disable, prefer, require, verify-ca, verify-full/],
    ['h/d?sslrootcert=/ca.pem', /`sslrootcert` verifies nothing without TLS: add sslmode=verify-full/],
    ['h/d?sslmode=require&sslcert=/c.pem', /set both `sslcert` and `sslkey`/],
    ['h/d?target_session_attrs=standby', /Strongroom writes: leave it out/],
  ] as const)
    it(`is refused as ${rest}`, () => {
      assert.throws(
        () => read(rest),
        (error: Error) => said.test(error.message) && !error.message.includes('50%'),
      )
    })
})

describe('a connection string with several hosts', () => {
  it('follows the primary, and says of each host why it takes no writes', async () => {
    await using first = await startAlone()
    const url = new URL(first.database())
    await using second = await first.standby()
    // A host that accepts connections and never speaks delays nothing.
    await using silent = await new Promise<Server>((resolve) => {
      const listening = createServer((socket) => void socket.on('error', () => {}).resume()).listen(
        0,
        '127.0.0.1',
        () => resolve(listening),
      )
    })
    const { port } = silent.address() as AddressInfo
    const several = `postgresql://strongroom@127.0.0.1:${port},127.0.0.1:${second.port},127.0.0.1:${first.port}${url.pathname}`
    const storage = await openStorage(several)
    try {
      await beginChain(storage)
      assert.ok(await commits(storage, 'first'))
      const follower = postgres({
        host: '127.0.0.1',
        port: second.port,
        user: 'strongroom',
        database: url.pathname.slice(1),
      })
      // The standby has no such table until it has followed.
      await until(() =>
        follower`SELECT 1 FROM event`.then(
          (rows) => rows.length === 1,
          () => false,
        ),
      )
      await follower.end()
      first.crash()
      await assert.rejects(openStorage(several), (error: Error) => {
        assert.match(error.message, /no host accepts writes/)
        assert.ok(error.message.includes(`127.0.0.1:${second.port}: read-only, as a standby is`))
        assert.ok(error.message.includes(`127.0.0.1:${first.port}: connect ECONNREFUSED`))
        return true
      })
      assert.equal(await commits(storage, 'between'), false)
      second.promote()
      // Reads alone find it, too.
      await until(() =>
        storage.get('thing', '', '', 'x').then(
          (row) => row === null,
          () => false,
        ),
      )
      await until(() => commits(storage, 'second'))
      const events = await storage.events.after(0, 10)
      assert.deepEqual(
        events.map(({ eventId }) => eventId),
        ['first', 'second'],
      )
    } finally {
      await storage.close()
    }
  })

  it('leaves a host that became read-only under an open connection', async () => {
    await using server = await startAlone()
    const url = server.database()
    const storage = await openStorage(url)
    try {
      await beginChain(storage)
      assert.ok(await commits(storage, 'before'))
      server.set('default_transaction_read_only = on')
      await until(async () => !(await commits(storage, 'read-only')))
      server.set('default_transaction_read_only = off')
      await until(() => commits(storage, 'after'))
    } finally {
      await storage.close()
    }
  })
})

describe('TLS to the database', () => {
  let server: OwnServer
  let url: string
  const file = (name: string) => join(server.folder, name)

  before(async () => {
    server = await startAlone()
    url = server.database()
    makeCertificates(server)
    writeFileSync(file('empty.pem'), 'nothing\n')
  })
  after(() => server[Symbol.asyncDispose]())

  const to = (host: string, query: string) => `${url.replace('127.0.0.1', host)}?${query}`
  const refused = async (at: string, said: RegExp) =>
    assert.rejects(openStorage(at), (error: Error) => {
      assert.match(error.message, said)
      return true
    })
  /** Whether the connection of a storage that opens is encrypted. */
  const isEncrypted = async (at: string) => {
    const storage = await openStorage(at)
    try {
      const watch = postgres(url, { max: 1 })
      const [row] =
        await watch`SELECT bool_and(ssl) AS ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE datname = current_database() AND pid <> pg_backend_pid()`
      await watch.end()
      return row?.['ssl']
    } finally {
      await storage.close()
    }
  }

  it('is refused with an error that says that the server has none', async () => {
    await refused(
      to('localhost', 'sslmode=require'),
      /localhost:\d+: sslmode=require demands TLS, which the server does not offer/,
    )
    assert.equal(await isEncrypted(to('localhost', 'sslmode=prefer')), false)
  })

  it('verifies the issuer and the name, and says which of them is wrong', async () => {
    serveTls(server)
    const full = (ca: string) => `sslmode=verify-full&sslrootcert=${file(ca)}`
    await until(() => isEncrypted(to('localhost', full('ca.pem'))).catch(() => false))
    assert.equal(await isEncrypted(to('127.0.0.1', `sslmode=verify-ca&sslrootcert=${file('ca.pem')}`)), true)
    assert.equal(await isEncrypted(to('127.0.0.1', 'sslmode=require')), true)
    assert.equal(await isEncrypted(to('127.0.0.1', 'sslmode=prefer')), true)
    assert.equal(await isEncrypted(url), false)
    await refused(
      to('127.0.0.1', full('ca.pem')),
      /127\.0\.0\.1:\d+: sslmode=verify-full demands a certificate for `127\.0\.0\.1`, but that of the server is for other names/,
    )
    for (const query of [full('other.pem'), `sslmode=require&sslrootcert=${file('other.pem')}`])
      await refused(
        to('localhost', query),
        /no authority of `sslrootcert` issued the server's certificate \([A-Z_]+\)$/,
      )
    await refused(to('localhost', 'sslmode=verify-full'), /no authority of `sslrootcert`/)
    await refused(to('localhost', full('none.pem')), /`sslrootcert`: `.*none\.pem` can not be read \(ENOENT\)/)
    await refused(to('localhost', full('empty.pem')), /`sslrootcert`: `.*empty\.pem` is no file in PEM format/)
  })
})

describe('what the database could lose of acknowledged calls', () => {
  const settings = (commit: string, standbys: string, version = 'PostgreSQL 15.1', fsync = 'on') =>
    durabilityRisks([
      { name: 'fsync', setting: fsync, version },
      { name: 'synchronous_commit', setting: commit, version },
      { name: 'synchronous_standby_names', setting: standbys, version },
    ]).map((risk) => risk.split(':')[0])

  it('is named, setting by setting', () => {
    assert.deepEqual(settings('on', '*'), [])
    assert.deepEqual(settings('remote_apply', 'ANY 1 (a,b)'), [])
    assert.deepEqual(settings('off', '*'), ['synchronous_commit is off'])
    assert.deepEqual(settings('local', '*'), ['synchronous_commit is local'])
    assert.deepEqual(settings('on', ''), ['synchronous_standby_names is empty'])
    assert.deepEqual(settings('on', '*', 'PostgreSQL 15.1', 'off'), ['fsync is off'])
    assert.deepEqual(settings('off', '', 'PostgreSQL 15.2-YB-2.25'), [])
    assert.deepEqual(settings('off', '', 'CockroachDB CCL v25.1'), [])
  })

  it('is read at the start, as the session has it, and stands in the log', async () => {
    await using server = await startPostgresql()
    const program = await startProgram({ flags: ['--database', `${server.database()}?synchronous_commit=off`] })
    assert.match(program.log(), /synchronous_commit is off: .*the database could lose acknowledged calls/)
    assert.equal(await program.stop(), 0)
    removeFolder(program.data)
  })
})

describe('a commit that waits for its standby', () => {
  it('is acknowledged after a cancelled wait only when the standby has it, and not while the primary has it alone', async () => {
    await using server = await startAlone()
    const url = server.database()
    const storage = await openStorage(url)
    const operator = postgres(url, { max: 1, onnotice: () => {} })
    try {
      await beginChain(storage)
      assert.ok(await commits(storage, 'before'))
      server.set("synchronous_standby_names = 'gone'")
      await until(
        async () => (await operator`SHOW synchronous_standby_names`)[0]?.['synchronous_standby_names'] === 'gone',
      )
      const acknowledged = commits(storage, 'alone')
      const waiting = () =>
        operator`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'SyncRep'`
      await until(async () => (await waiting()).length > 0)
      // Before the standby is there, cancelled again and again: no attempt to find out succeeds either.
      const cancelling = setInterval(() => void waiting().catch(() => {}), 50)
      assert.equal(await acknowledged, false)
      clearInterval(cancelling)
      // Nothing is left that waits, nor a cancellation that could meet the next wait twice.
      await until(async () => (await waiting()).length === 0)
      const later = commits(storage, 'later')
      await until(async () => (await waiting()).length > 0)
      const again = () =>
        operator`SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query ILIKE '%for update%'`
      await until(async () => (await again()).length > 0)
      server.set("synchronous_standby_names = ''")
      assert.equal(await later, true)
    } finally {
      server.set("synchronous_standby_names = ''")
      await operator.end()
      await storage.close()
    }
  })
})
