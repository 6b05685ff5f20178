// `strongroom root-key rotate`, as its operator runs it: beside live servers, and killed at random moments.
import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import type { InstallationBody } from '../../src/rootkeys/installation-record.ts'
import { filesHolding } from '../rootkeys/roots.ts'
import { times } from '../size.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'
import { runHere } from './line.ts'
import { type Program, runProgram, startProgram, temporaryFolder } from './program.ts'
import {
  announcement,
  begun,
  demandEvents,
  killed,
  load,
  must,
  rootKey,
  sealedIn,
  secretsOf,
  timeOf,
} from './root-key.ts'

const KILLS = times('kills while root keys rotate')
describe('strongroom root-key rotate', () => {
  it('runs beside a server under load, of which no call fails', async () => {
    const data = temporaryFolder()
    const { program, keyId, ciphertext } = await begun({ data })
    const stop = load([program], keyId, ciphertext)
    const [old] = await secretsOf(data, { file: join(data, 'root-key') })
    const sealed = sealedIn(data)
    const out = await rootKey(['rotate', '--data', data])
    assert.deepEqual(filesHolding(sealed, data), [], 'what was sealed under the former root left no trace')
    assert.match(out, /^rotated: \d+ records/)
    assert.match(await rootKey(['status', '--data', data]), /root keys: 2\n.*current.*\n.*retired/)
    await rootKey(['rotate', '--resume', '--drop-now', '--data', data])
    await stop(100)
    assert.match(await rootKey(['status', '--data', data]), /root keys: 1\n.*current/)
    const secrets = await secretsOf(data, { file: join(data, 'root-key') })
    assert.equal(secrets.length, 2)
    assert.ok(old)
    assert.deepEqual(filesHolding([...secrets, old], data), [])
    assert.equal((await must(program, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
    assert.equal(await program.stop(), 0)
    assert.doesNotMatch(program.log(), /"level":50/)
    const again = await startProgram({ data })
    assert.equal((await must(again, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
    await again.stop()
    assert.equal((await runHere(['audit', 'verify', '--data', data])).code, 0)
  })

  it('runs beside two servers on one PostgreSQL', async () => {
    await using server = await startPostgresql()
    const database = server.database()
    const [data, second] = [temporaryFolder(), temporaryFolder()]
    const one = await begun({ data, flags: ['--database', database] })
    copyFileSync(join(data, 'root-key'), join(second, 'root-key'))
    copyFileSync(join(data, 'root-credentials.json'), join(second, 'root-credentials.json'))
    const two = await startProgram({ data: second, flags: ['--database', database] })
    const stop = load([one.program, two], one.keyId, one.ciphertext)
    await rootKey(['rotate', '--drop-now', '--data', data, '--database', database])
    await stop(100)
    for (const program of [one.program, two]) {
      assert.equal(await program.stop(), 0)
      assert.doesNotMatch(program.log(), /"level":50/)
    }
    const again = await startProgram({ data: second, flags: ['--database', database] })
    assert.equal((await must(again, 'Decrypt', { CiphertextBlob: one.ciphertext })).Plaintext, 'old')
    await again.stop()
  })

  it('is finished after kills beside two servers on one PostgreSQL, of which no call fails', async () => {
    await using server = await startPostgresql()
    const database = server.database()
    const [data, second] = [temporaryFolder(), temporaryFolder()]
    const flags = ['--database', database, '--root-key-file', join(data, 'root-key')]
    const one = await begun({ data, flags })
    copyFileSync(join(data, 'root-credentials.json'), join(second, 'root-credentials.json'))
    const two = await startProgram({ data: second, flags })
    const stop = load([one.program, two], one.keyId, one.ciphertext)
    const args = ['rotate', '--drop-now', '--data', data, ...flags]
    // The walk comes after some six seconds.
    const moments = [2000, 5600, 6500, 5300, 6000, 7500, 9000].slice(0, times('kills beside two servers'))
    for (const ms of moments) await killed(args, pause(ms))
    await rootKey(args)
    await stop(100)
    for (const program of [one.program, two]) {
      assert.equal(await program.stop(), 0)
      assert.doesNotMatch(program.log(), /"level":50/)
    }
    assert.match(await rootKey(['status', '--data', data, ...flags]), /root keys: 1\n/)
    const again = await startProgram({ data, flags })
    assert.equal((await must(again, 'Decrypt', { CiphertextBlob: one.ciphertext })).Plaintext, 'old')
    await again.stop()
    assert.equal((await runHere(['audit', 'verify', '--data', data, ...flags])).code, 0)
  })

  it(`finishes after each of ${KILLS} kills at random moments, some of them during a rotation`, async () => {
    const data = temporaryFolder()
    const { program, keyId, ciphertext } = await begun({ data })
    const stop = load([program], keyId, ciphertext)
    await stop(500)
    await program.stop()
    const args = ['rotate', '--drop-now', '--settle-seconds', '0', '--data', data]
    let whole = await timeOf(() => rootKey(args))
    let [kills, unfinished] = [0, 0]
    for (let i = 0; i < KILLS || kills <= KILLS / 3 || unfinished === 0; i++) {
      // Every other kill comes as soon as there is a rotation to finish, the others at a random moment.
      const moment = i % 2 ? announcement(data) : pause(whole * (0.35 + 0.65 * Math.random()))
      if (await killed(args, moment)) kills++
      // The machine was slower when it was measured.
      else whole *= 0.7
      const status = await runHere(['root-key', 'status', '--data', data])
      assert.equal(status.code, 0, status.err)
      if (/^unfinished/m.test(status.out)) unfinished++
      const started = await startProgram({ data })
      assert.equal((await must(started, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
      await must(started, 'Encrypt', { KeyId: keyId, Plaintext: 'between' })
      assert.equal(await started.stop(), 0)
      const secrets = await secretsOf(data, { file: join(data, 'root-key') })
      assert.deepEqual(filesHolding(secrets, data), [])
    }
    await rootKey(args)
    assert.match(await rootKey(['status', '--data', data]), /root keys: 1\n/)
    demandEvents(data)
    using db = new DatabaseSync(join(data, 'strongroom.db'))
    assert.equal(db.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
    assert.equal((await runHere(['audit', 'verify', '--data', data])).code, 0)
  })
})

describe('a rotation that is killed between a step and the event of that step', () => {
  it('is recorded once by the next server', async () => {
    await using server = await startPostgresql()
    const url = server.database()
    const data = temporaryFolder()
    const flags = ['--database', url]
    const { program } = await begun({ data, flags })
    await program.stop()
    const sql = postgres(url, { max: 2, onnotice: () => {} })
    await using _ = { [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }) }
    const isDue = async () => {
      const [row] = await sql`SELECT body FROM record WHERE kind = 'installation'`
      return ((JSON.parse(row?.['body']) as InstallationBody).dueEvents ?? []).length > 0
    }
    const rotations = async () =>
      Number((await sql`SELECT count(*) FROM event WHERE body = '[2,"RotateRootKey",[]]'`)[0]?.['count'])
    const args = ['rotate', '--settle-seconds', '0', '--data', data, ...flags]
    // No step adds an event. So each step can be committed, and its event can't be recorded.
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE event IN SHARE MODE`
      assert.ok(await killed(args, until(isDue)))
    })
    assert.deepEqual([await isDue(), await rotations()], [true, 0])
    const started = await startProgram({ data, flags })
    await until(async () => !(await isDue()))
    await started.stop()
    assert.equal(await rotations(), 1)
    await rootKey(args)
    assert.deepEqual([await isDue(), await rotations()], [false, 2])
  })
})

describe('a server that stands still', () => {
  for (const kind of ['SQLite', 'PostgreSQL'])
    it(`loses nothing that it acknowledges, when the former root key is dropped meanwhile (${kind})`, async () => {
      await using server = kind === 'PostgreSQL' ? await startPostgresql() : null
      const data = temporaryFolder()
      const flags = server ? ['--database', server.database()] : []
      const program = await startProgram({ data, flags })
      const made: string[] = []
      let going = true
      const callers = Array.from({ length: 16 }, async () => {
        while (going) {
          const { status, body } = await program.call('CreateKey')
          if (status === 200) made.push(body.KeyMetadata.KeyId)
          else assert.equal(status, 503)
          // The rotation has to go through all that is made meanwhile.
          await pause(20)
        }
      })
      for (let i = 0; i < times('stops while root keys rotate'); i++) {
        await until(() => made.length > 40 * (i + 1))
        program.process.kill('SIGSTOP')
        const args = ['rotate', '--drop-now', '--settle-seconds', '0', '--data', data, ...flags]
        const rotating = runProgram(['root-key', ...args])
        // Stopped within a transaction, it holds the database: then the rotation waits for it, or fails and is run again.
        await Promise.race([rotating, pause(4000)])
        program.process.kill('SIGCONT')
        if ((await rotating).code !== 0) await rootKey(args)
      }
      const enough = made.length + 40
      await until(() => made.length > enough)
      going = false
      await Promise.all(callers)
      const uses = async (one: Program) => {
        for (const KeyId of made) await must(one, 'Encrypt', { KeyId, Plaintext: 'x' })
      }
      await uses(program)
      assert.equal(await program.stop(), 0)
      const again = await startProgram({ data, flags })
      await uses(again)
      await again.stop()
      assert.equal((await runHere(['audit', 'verify', '--data', data, ...flags])).code, 0)
    })
})
