// `strongroom root-key`, as its operator runs it: beside live servers, and killed at random moments.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { isMountPoint } from '../../src/keystore/root-key.ts'
import { openStorage } from '../../src/storage/open.ts'
import { filesHolding, ringOf } from '../rootkeys/roots.ts'
import { times } from '../size.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'
import { BIN, type Program, removeFolder, runProgram, startProgram, temporaryFolder } from './program.ts'

const KILLS = times('kills while root keys rotate')
const folders: string[] = []
const folder = () => {
  folders.push(temporaryFolder())
  return folders.at(-1) ?? ''
}
after(() => folders.forEach(removeFolder))

type Env = Record<string, string>

async function must(program: Program, action: string, parameters: Record<string, string> = {}) {
  const { status, body } = await program.call(action, parameters)
  assert.equal(status, 200, `${action} ${JSON.stringify(body)} ${program.log()}`)
  return body
}

async function rootKey(args: readonly string[], env: Env = {}): Promise<string> {
  const { code, out, err } = await runProgram(['root-key', ...args], env)
  assert.equal(code, 0, `${args.join(' ')}: ${err}`)
  return out
}

/** Starts a root-key command and kills it after a while, if it has not ended. */
async function killed(args: readonly string[], ms: number, env: Env = {}): Promise<boolean> {
  const child = spawn(BIN, ['root-key', ...args], { env: { ...process.env, ...env }, stdio: 'ignore', detached: true })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)))
  await Promise.race([pause(ms), ended])
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL')
  } catch {
    // It has ended.
  }
  return (await ended) === 'SIGKILL'
}

/** How long a command takes from its start to its end. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

async function failingStart(args: readonly string[], env: Env = {}): Promise<string> {
  const { code, err } = await runProgram(['serve', '--listen', '127.0.0.1:0', ...args], env)
  assert.equal(code, 1, err)
  return err
}

async function secretsOf(data: string, source: Parameters<typeof ringOf>[1]): Promise<readonly Uint8Array[]> {
  const storage = await openStorage(join(data, 'strongroom.db'))
  const ring = await ringOf(storage, source)
  await storage.close()
  assert.ok(ring)
  return [...ring.roots, ring.fingerprintKey]
}

/** What stands sealed or wrapped in a data folder's database now. */
function sealedIn(data: string): Buffer[] {
  using db = new DatabaseSync(join(data, 'strongroom.db'), { readOnly: true })
  const kinds = "('installation', 'key-version', 'access-key', 'trail-signing-key')"
  const bodies = db.prepare(`SELECT body FROM record WHERE kind IN ${kinds} ORDER BY kind = 'installation' DESC`).all()
  const found = bodies.flatMap(({ body }) => String(body).match(/"[A-Za-z0-9+/]{60,}=*"/g) ?? [])
  assert.ok(found.length >= 4)
  return found.map((text) => Buffer.from(text.slice(1, -1), 'base64'))
}

/** Callers that go on until told to stop, and until so many more calls were made; every call must succeed. */
function load(programs: readonly Program[], keyId: string, ciphertext: string) {
  let [going, calls] = [true, 0]
  const work = async (program: Program, i: number) => {
    while (going) {
      const made = (await must(program, 'CreateKey')).KeyMetadata.KeyId
      const { CiphertextBlob } = await must(program, 'Encrypt', { KeyId: i % 2 ? made : keyId, Plaintext: 'new' })
      assert.equal((await must(program, 'Decrypt', { CiphertextBlob })).Plaintext, 'new')
      assert.equal((await must(program, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
      await must(program, 'TagResource', { KeyId: made, Tags: '[{"TagKey":"a"}]' })
      calls += 5
    }
  }
  const all = Promise.all(programs.flatMap((program) => [0, 1, 2, 3].map((i) => work(program, i))))
  return async (more: number) => {
    const enough = calls + more
    await Promise.race([all, until(() => calls >= enough)])
    going = false
    await all
  }
}

async function begun(start: Parameters<typeof startProgram>[0]) {
  const program = await startProgram(start)
  const keyId: string = (await must(program, 'CreateKey')).KeyMetadata.KeyId
  const { CiphertextBlob } = await must(program, 'Encrypt', { KeyId: keyId, Plaintext: 'old' })
  return { program, keyId, ciphertext: CiphertextBlob as string }
}

describe('strongroom root-key rotate', () => {
  it('runs beside a server under load, of which no call fails', async () => {
    const data = folder()
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
    assert.equal((await runProgram(['audit', 'verify', '--data', data])).code, 0)
  })

  it('runs beside two servers on one PostgreSQL', async () => {
    await using server = await startPostgresql()
    const database = server.database()
    const [data, second] = [folder(), folder()]
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
    const [data, second] = [folder(), folder()]
    const flags = ['--database', database, '--root-key-file', join(data, 'root-key')]
    const one = await begun({ data, flags })
    copyFileSync(join(data, 'root-credentials.json'), join(second, 'root-credentials.json'))
    const two = await startProgram({ data: second, flags })
    const stop = load([one.program, two], one.keyId, one.ciphertext)
    const args = ['rotate', '--drop-now', '--data', data, ...flags]
    // The walk comes after some six seconds.
    const moments = [2000, 5600, 6500, 5300, 6000, 7500, 9000].slice(0, times('kills beside two servers'))
    for (const ms of moments) await killed(args, ms)
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
    assert.equal((await runProgram(['audit', 'verify', '--data', data, ...flags])).code, 0)
  })

  it(`finishes after each of ${KILLS} kills at random moments, of which some come within a rotation`, async () => {
    const data = folder()
    const { program, keyId, ciphertext } = await begun({ data })
    const stop = load([program], keyId, ciphertext)
    await stop(500)
    await program.stop()
    const args = ['rotate', '--drop-now', '--settle-seconds', '0', '--data', data]
    const whole = await timeOf(() => rootKey(args))
    let [kills, unfinished] = [0, 0]
    for (let i = 0; i < KILLS || kills <= KILLS / 3 || unfinished === 0; i++) {
      if (await killed(args, whole * (0.35 + 0.65 * Math.random()))) kills++
      if (/^unfinished/m.test(await rootKey(['status', '--data', data]))) unfinished++
      const started = await startProgram({ data })
      assert.equal((await must(started, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
      await must(started, 'Encrypt', { KeyId: keyId, Plaintext: 'between' })
      assert.equal(await started.stop(), 0)
      const secrets = await secretsOf(data, { file: join(data, 'root-key') })
      assert.deepEqual(filesHolding(secrets, data), [])
    }
    await rootKey(args)
    assert.match(await rootKey(['status', '--data', data]), /root keys: 1\n/)
    using db = new DatabaseSync(join(data, 'strongroom.db'))
    assert.equal(db.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
    assert.equal((await runProgram(['audit', 'verify', '--data', data])).code, 0)
  })
})

describe('a server that stands still', () => {
  for (const kind of ['SQLite', 'PostgreSQL'])
    it(`loses nothing that it acknowledges, when the former root key is dropped meanwhile (${kind})`, async () => {
      await using server = kind === 'PostgreSQL' ? await startPostgresql() : null
      const data = folder()
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
      for (let i = 0; i < 3; i++) {
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
      assert.equal((await runProgram(['audit', 'verify', '--data', data, ...flags])).code, 0)
    })
})

describe('a key file', () => {
  it('that was not written to its end stops no start, and the next change removes it', async () => {
    const data = folder()
    const { program, ciphertext } = await begun({ data })
    await program.stop()
    for (const [i, text] of ['', '0123\n'].entries())
      writeFileSync(join(data, `root-key.000000000000000${i}.pending`), text, { mode: 0o600 })
    writeFileSync(join(data, 'root-key.prod.0000000000000000.pending'), 'of another database\n', { mode: 0o600 })
    const again = await startProgram({ data })
    assert.equal((await must(again, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
    await again.stop()
    await rootKey(['change-provider', '--to', 'file', '--data', data])
    const left = readdirSync(data).filter((name) => name.startsWith('root-key'))
    assert.deepEqual(left.toSorted(), ['root-key', 'root-key.prod.0000000000000000.pending'])
  })

  it('that is a link is replaced where it is in truth', async () => {
    const [data, vault] = [folder(), folder()]
    const { program, ciphertext } = await begun({ data })
    await program.stop()
    const [link, file] = [join(data, 'root-key'), join(vault, 'key')]
    renameSync(link, file)
    symlinkSync(file, link)
    const former = readFileSync(file, 'utf8')
    await rootKey(['change-provider', '--to', 'file', '--data', data])
    assert.ok(lstatSync(link).isSymbolicLink())
    assert.notEqual(readFileSync(file, 'utf8'), former)
    assert.deepEqual(readdirSync(vault), ['key'])
    const again = await startProgram({ data })
    assert.equal((await must(again, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
    await again.stop()
    const env = { STRONGROOM_PASSPHRASE: 'twelve chars' }
    const phrase = join(vault, 'phrase')
    const tooShort = [
      'root-key',
      'change-provider',
      '--to',
      'passphrase',
      '--new-passphrase-file',
      phrase,
      '--data',
      data,
    ]
    writeFileSync(phrase, 'eleven char\n')
    assert.match((await runProgram(tooShort)).err, /a new passphrase must have at least 12 characters/)
    writeFileSync(phrase, 'twelve chars\n')
    await rootKey(['change-provider', '--to', 'passphrase', '--new-passphrase-file', phrase, '--data', data])
    assert.deepEqual(readdirSync(vault), ['phrase'])
    await (await startProgram({ data, env })).stop()
  })

  it('of a first start that a crash interrupted is in no one’s way', async () => {
    const data = folder()
    writeFileSync(join(data, 'root-key.0123456789abcdef.new'), '')
    const program = await startProgram({ data })
    await program.stop()
    assert.deepEqual(
      readdirSync(data).filter((name) => name.startsWith('root-key')),
      ['root-key'],
    )
  })

  it('that is a mount of its own is told from others', () => {
    const file = join(folder(), 'key')
    writeFileSync(file, '')
    assert.deepEqual([isMountPoint('/proc'), isMountPoint(file)], [true, false])
  })
})

describe('strongroom root-key change-provider', () => {
  it('changes to a passphrase and back beside a server, which goes on; a later start needs the new one', async () => {
    const data = folder()
    const { program, keyId, ciphertext } = await begun({ data })
    const stop = load([program], keyId, ciphertext)
    const file = join(folder(), 'passphrase')
    writeFileSync(file, 'correct horse\n')
    const out = await rootKey(['change-provider', '--to', 'passphrase', '--new-passphrase-file', file, '--data', data])
    assert.match(out, /from the passphrase now/)
    await stop(100)
    assert.equal(await program.stop(), 0)
    assert.doesNotMatch(program.log(), /"level":50/)
    assert.equal(existsSync(join(data, 'root-key')), false)
    assert.match(await failingStart(['--data', data]), /set STRONGROOM_PASSPHRASE or passphrase-file\n$/)
    assert.match(
      await failingStart(['--data', data], { STRONGROOM_PASSPHRASE: 'wrong' }),
      /the passphrase is not the one/,
    )
    const env = { STRONGROOM_PASSPHRASE: 'correct horse' }
    const secrets = await secretsOf(data, { passphrase: 'correct horse' })
    assert.deepEqual(filesHolding(secrets, data), [])
    const second = await startProgram({ data, env })
    assert.equal((await must(second, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
    await rootKey(['rotate', '--data', data], env)
    assert.equal((await must(second, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
    const elsewhere = join(folder(), 'key')
    await rootKey(['change-provider', '--to', 'file', '--new-root-key-file', elsewhere, '--data', data], env)
    assert.equal(await second.stop(), 0)
    assert.match(await failingStart(['--data', data], env), /start without a passphrase/)
    assert.match(await failingStart(['--data', data]), /is missing/)
    const third = await startProgram({ data, flags: ['--root-key-file', elsewhere] })
    assert.equal((await must(third, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
    await third.stop()
    assert.deepEqual(filesHolding(await secretsOf(data, { file: elsewhere }), data, join(elsewhere, '..')), [])
  })

  it('refuses to serve when the root key was rotated under a provider that the server has not', async () => {
    const data = folder()
    const { program } = await begun({ data })
    const file = join(folder(), 'passphrase')
    writeFileSync(file, 'correct horse')
    await rootKey(['change-provider', '--to', 'passphrase', '--new-passphrase-file', file, '--data', data])
    await rootKey(['rotate', '--data', data, '--passphrase-file', file])
    assert.equal((await program.call('CreateKey')).body.Code, 'ServiceUnavailableTemporary')
    assert.match(program.log(), /the root key was rotated, and this server can't open the new one/)
    await program.stop()
  })

  it('gives a key file another key in its place, and finishes that after a crash', async () => {
    const data = folder()
    const { program, ciphertext } = await begun({ data })
    await program.stop()
    const old = readFileSync(join(data, 'root-key'))
    const [wrapped] = sealedIn(data)
    await rootKey(['change-provider', '--to', 'file', '--data', data])
    assert.deepEqual(filesHolding([wrapped ?? Buffer.alloc(8)], data), [], 'the former wrapping left no trace')
    const made = readFileSync(join(data, 'root-key'))
    assert.notDeepEqual(made, old)
    // As a crash after the commit would leave it.
    writeFileSync(join(data, 'root-key.0123456789abcdef.pending'), made, { mode: 0o600 })
    writeFileSync(join(data, 'root-key'), old)
    const again = await startProgram({ data })
    assert.equal((await must(again, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
    await again.stop()
    assert.deepEqual(readFileSync(join(data, 'root-key')), made)
    assert.deepEqual(
      readdirSync(data).filter((name) => name.endsWith('.pending')),
      [],
    )
    const other = join(folder(), 'other')
    writeFileSync(other, 'something')
    const { code, err } = await runProgram([
      'root-key',
      'change-provider',
      '--to',
      'file',
      '--new-root-key-file',
      other,
      '--data',
      data,
    ])
    assert.deepEqual([code, /exists already/.test(err)], [1, true])
    writeFileSync(join(data, 'root-key'), old)
    assert.match(await failingStart(['--data', data]), /root key file is not the one/)
  })

  it(`loses nothing in any of ${KILLS} kills at random moments`, async () => {
    const data = folder()
    const { program, ciphertext } = await begun({ data })
    await program.stop()
    const file = join(folder(), 'passphrase')
    writeFileSync(file, 'correct horse\n')
    const toPassphrase = ['change-provider', '--to', 'passphrase', '--new-passphrase-file', file, '--data', data]
    const toFile = ['change-provider', '--to', 'file', '--data', data]
    const withPassphrase = { STRONGROOM_PASSPHRASE: 'correct horse' }
    let env: Env = {}
    const whole = await timeOf(() => rootKey(toFile))
    let kills = 0
    for (let i = 0; i < KILLS || kills <= KILLS / 4; i++) {
      const [args, former, next]: [string[], Env, Env] =
        env === withPassphrase || i % 2 ? [toFile, env, {}] : [toPassphrase, env, withPassphrase]
      if (await killed(args, whole * (0.4 + 0.7 * Math.random()), former)) kills++
      const status = await runProgram(['root-key', 'status', '--data', data], former)
      env = status.code === 0 ? former : next
      const started = await startProgram({ data, env })
      assert.equal((await must(started, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
      await started.stop()
      assert.equal(existsSync(join(data, 'root-key')), env !== withPassphrase, 'the key file is there, or removed')
      const source = env === withPassphrase ? { passphrase: 'correct horse' } : { file: join(data, 'root-key') }
      assert.deepEqual(filesHolding(await secretsOf(data, source), data), [])
    }
    await rootKey(toFile, env)
    assert.deepEqual(
      readdirSync(data).filter((name) => name.endsWith('.pending')),
      [],
    )
  })
})

describe('a damaged installation record', () => {
  it('stops the start with what to do', async () => {
    const data = folder()
    const { program } = await begun({ data })
    await program.stop()
    using db = new DatabaseSync(join(data, 'strongroom.db'))
    const body = String(db.prepare("SELECT body FROM record WHERE kind = 'installation'").get()?.['body'])
    const write = (text: string) => db.prepare("UPDATE record SET body = ? WHERE kind = 'installation'").run(text)
    const cases: [string, RegExp][] = [
      [body.slice(0, -9), /installation record.* is damaged or was altered: restore/],
      [body.replace('"retiredAt":null', '"retiredAt":12'), /installation record.* is damaged or was altered: restore/],
      [body.replace(/"wrapped":"..../, '"wrapped":"AAAA'), /root key file is not the one/],
      [body.replace('"file"', '"hsm"'), /root key is in an HSM: set hsm-module and hsm-token/],
      [body.replace('"file"', '"cloud"'), /which this program does not know/],
    ]
    for (const [text, message] of cases) {
      assert.notEqual(text, body)
      write(text)
      assert.match(await failingStart(['--data', data]), message)
    }
    write(body)
    const again = await startProgram({ data })
    await again.stop()
  })
})
