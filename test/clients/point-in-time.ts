// Point-in-time recovery as docs/operations.md says: a base backup and the archived log of a real PostgreSQL, whose machine is lost.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { runHere } from '../acceptance/line.ts'
import { removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { freePort, programs } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'

const folder = temporaryFolder()
after(() => removeFolder(folder))

/** A cluster of PostgreSQL on a port, whose log is archived. As root it runs under the account `postgres`. */
class Cluster implements Disposable {
  readonly #data: string
  readonly #port: number
  readonly #archive = join(folder, 'archive')

  constructor(data: string, port: number) {
    this.#data = data
    this.#port = port
  }

  get url(): string {
    return `postgresql://strongroom@127.0.0.1:${this.#port}/strongroom`
  }

  initialize(): void {
    mkdirSync(this.#archive)
    for (const one of who ? [folder, this.#archive] : []) chownSync(one, who?.uid ?? 0, who?.gid ?? 0)
    run('initdb', '--pgdata', this.#data, '--username', 'strongroom', '--auth', 'trust')
    this.set(`archive_mode = on`, `archive_command = 'cp %p ${this.#archive}/%f'`)
  }

  set(...settings: readonly string[]): void {
    appendFileSync(join(this.#data, 'postgresql.auto.conf'), settings.map((one) => `${one}\n`).join(''))
  }

  start(): void {
    const options = `-p ${this.#port} -k ${folder} -h 127.0.0.1`
    run('pg_ctl', '--pgdata', this.#data, '--wait', '--options', options, '--log', join(folder, 'log'), 'start')
  }

  /** The first column of the first row. */
  ask(query: string): string {
    return run('psql', '--no-psqlrc', '--tuples-only', '--no-align', '--command', query, this.url).trim()
  }

  backUpTo(to: string): void {
    const where = ['--host', '127.0.0.1', '--port', String(this.#port), '--username', 'strongroom']
    run('pg_basebackup', '--pgdata', to, '--wal-method', 'none', '--checkpoint', 'fast', ...where)
  }

  /** Makes a base backup one that recovers up to the moment. */
  recoverTo(moment: string): void {
    const target = [`recovery_target_time = '${moment}'`, `recovery_target_action = 'promote'`]
    this.set(`restore_command = 'cp ${this.#archive}/%f %p'`, ...target)
    writeFileSync(join(this.#data, 'recovery.signal'), '')
  }

  [Symbol.dispose](): void {
    run('pg_ctl', '--pgdata', this.#data, '--mode', 'immediate', 'stop')
  }
}

const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
const who = process.getuid?.() === 0 ? { uid: id('-u'), gid: id('-g') } : null

function run(program: string, ...args: string[]): string {
  const stdio = program === 'pg_ctl' ? 'ignore' : 'pipe'
  return execFileSync(`${programs()}${program}`, args, { ...who, cwd: folder, stdio, encoding: 'utf8' }) ?? ''
}

it('a database is recovered to a moment, accepted, and served', async () => {
  const data = join(folder, 'server')
  const port = await freePort()
  let [kept, ciphertext, moment] = ['', '', '']
  {
    using lost = new Cluster(join(folder, 'lost'), port)
    lost.initialize()
    lost.start()
    run('createdb', '--host', '127.0.0.1', '--port', String(port), '--username', 'strongroom', 'strongroom')
    mkdirSync(data, { mode: 0o700 })
    const server = await startProgram({ data, flags: ['--database', lost.url] })
    try {
      lost.backUpTo(join(folder, 'base'))
      kept = (await server.call('CreateKey')).body.KeyMetadata.KeyId
      ciphertext = (await server.call('Encrypt', { KeyId: kept, Plaintext: 'four apples' })).body.CiphertextBlob
      moment = lost.ask('SELECT clock_timestamp()')
      assert.equal((await server.call('CreateAlias', { KeyId: kept, AliasName: 'alias/late' })).status, 200)
      assert.equal((await server.call('DisableKey', { KeyId: kept })).status, 200)
      const last = lost.ask('SELECT pg_walfile_name(pg_switch_wal())')
      await until(() => lost.ask('SELECT last_archived_wal FROM pg_stat_archiver') >= last)
    } finally {
      await server.stop('SIGKILL')
    }
  }

  using recovered = new Cluster(join(folder, 'base'), port)
  recovered.recoverTo(moment)
  recovered.start()
  await until(() => recovered.ask('SELECT pg_is_in_recovery()') === 'f')
  const flags = ['--database', recovered.url]
  await assert.rejects(startProgram({ data, flags }), /the trail ends at event \d+, and this server saw its event \d+/)
  const accepted = await runHere(['audit', 'accept-restore', '--data', data, ...flags])
  assert.match(accepted.out, /^accepted: the trail ends at event/)
  const server = await startProgram({ data, flags })
  try {
    assert.equal((await server.call('Decrypt', { CiphertextBlob: ciphertext })).body.Plaintext, 'four apples')
    // What was done after the moment is undone: the key is enabled again, and has no alias.
    assert.equal((await server.call('DescribeKey', { KeyId: kept })).body.KeyMetadata.KeyState, 'Enabled')
    assert.deepEqual((await server.call('ListAliasesByKeyId', { KeyId: kept })).body.Aliases.Alias, [])
  } finally {
    assert.equal(await server.stop(), 0, server.log())
  }
  const verified = await runHere(['audit', 'verify', '--data', data, ...flags])
  assert.equal(verified.code, 0, verified.err)
})
