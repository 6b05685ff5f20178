// `strongroom root-key change-provider`, as its operator runs it: beside a live server, killed at random moments; and the files of root keys.
import assert from 'node:assert/strict'
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
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { isMountPoint } from '../../src/keystore/root-key.ts'
import { filesHolding } from '../rootkeys/roots.ts'
import { times } from '../size.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'
import { runHere } from './line.ts'
import { startProgram, temporaryFolder } from './program.ts'
import {
  begun,
  countOfEvents,
  type Env,
  failingStart,
  killed,
  load,
  must,
  rootKey,
  sealedIn,
  secretsOf,
  timeOf,
} from './root-key.ts'

const KILLS = times('kills while root keys rotate')

describe('a key file', () => {
  it('that was written only in part stops no start, and the next change removes it', async () => {
    const data = temporaryFolder()
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

  it('that is a link is replaced where the link leads', async () => {
    const [data, vault] = [temporaryFolder(), temporaryFolder()]
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
    assert.match((await runHere(tooShort)).err, /a new passphrase must have at least 12 characters/)
    writeFileSync(phrase, 'twelve chars\n')
    await rootKey(['change-provider', '--to', 'passphrase', '--new-passphrase-file', phrase, '--data', data])
    assert.deepEqual(readdirSync(vault), ['phrase'])
    await (await startProgram({ data, env })).stop()
  })

  it('that an interrupted first start left hinders no later start', async () => {
    const data = temporaryFolder()
    writeFileSync(join(data, 'root-key.0123456789abcdef.new'), '')
    const program = await startProgram({ data })
    await program.stop()
    assert.deepEqual(
      readdirSync(data).filter((name) => name.startsWith('root-key')),
      ['root-key'],
    )
  })

  it('that is a mount point is recognized', () => {
    const file = join(temporaryFolder(), 'key')
    writeFileSync(file, '')
    assert.deepEqual([isMountPoint('/proc'), isMountPoint(file)], [true, false])
  })
})

describe('strongroom root-key change-provider', () => {
  it('changes to a passphrase and back beside a running server; a later start needs the new provider', async () => {
    const data = temporaryFolder()
    const { program, keyId, ciphertext } = await begun({ data })
    const stop = load([program], keyId, ciphertext)
    const file = join(temporaryFolder(), 'passphrase')
    writeFileSync(file, 'correct horse\n')
    const out = await rootKey(['change-provider', '--to', 'passphrase', '--new-passphrase-file', file, '--data', data])
    assert.equal(countOfEvents('ChangeRootKeyProvider', data), 1)
    assert.match(out, /now comes from the passphrase/)
    await stop(100)
    assert.equal(await program.stop(), 0)
    assert.doesNotMatch(program.log(), /"level":50/)
    assert.equal(existsSync(join(data, 'root-key')), false)
    assert.match(await failingStart(['--data', data]), /set STRONGROOM_PASSPHRASE or passphrase-file\n$/)
    assert.match(
      await failingStart(['--data', data], { STRONGROOM_PASSPHRASE: 'wrong' }),
      /the passphrase does not open this database/,
    )
    const env = { STRONGROOM_PASSPHRASE: 'correct horse' }
    const secrets = await secretsOf(data, { passphrase: 'correct horse' })
    assert.deepEqual(filesHolding(secrets, data), [])
    const second = await startProgram({ data, env })
    assert.equal((await must(second, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
    await rootKey(['rotate', '--data', data], env)
    assert.equal((await must(second, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
    const elsewhere = join(temporaryFolder(), 'key')
    await rootKey(['change-provider', '--to', 'file', '--new-root-key-file', elsewhere, '--data', data], env)
    assert.equal(await second.stop(), 0)
    assert.match(await failingStart(['--data', data], env), /start without a passphrase/)
    assert.match(await failingStart(['--data', data]), /is missing/)
    const third = await startProgram({ data, flags: ['--root-key-file', elsewhere] })
    assert.equal((await must(third, 'Decrypt', { CiphertextBlob: ciphertext })).Plaintext, 'old')
    await third.stop()
    assert.deepEqual(filesHolding(await secretsOf(data, { file: elsewhere }), data, join(elsewhere, '..')), [])
  })

  it('leaves a server that lacks the new provider unable to serve once the root key was rotated', async () => {
    const data = temporaryFolder()
    const { program } = await begun({ data })
    const file = join(temporaryFolder(), 'passphrase')
    writeFileSync(file, 'correct horse')
    await rootKey(['change-provider', '--to', 'passphrase', '--new-passphrase-file', file, '--data', data])
    await rootKey(['rotate', '--data', data, '--passphrase-file', file])
    assert.equal((await program.call('CreateKey')).body.Code, 'ServiceUnavailableTemporary')
    assert.match(program.log(), /the root key was rotated, and this server can't open the new one/)
    await program.stop()
  })

  it('replaces the key in the key file, and finishes that after a crash', async () => {
    const data = temporaryFolder()
    const { program, ciphertext } = await begun({ data })
    await program.stop()
    const old = readFileSync(join(data, 'root-key'))
    const [wrapped] = sealedIn(data)
    await rootKey(['change-provider', '--to', 'file', '--data', data])
    assert.deepEqual(filesHolding([wrapped ?? Buffer.alloc(8)], data), [], 'the former wrapping left no trace')
    assert.equal(countOfEvents('ChangeRootKeyProvider', data), 1)
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
    const other = join(temporaryFolder(), 'other')
    writeFileSync(other, 'something')
    const { code, err } = await runHere([
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
    assert.match(await failingStart(['--data', data]), /root key file does not open this database/)
  })

  it(`loses nothing in any of ${KILLS} kills at random moments`, async () => {
    const data = temporaryFolder()
    const { program, ciphertext } = await begun({ data })
    await program.stop()
    const file = join(temporaryFolder(), 'passphrase')
    writeFileSync(file, 'correct horse\n')
    const toPassphrase = ['change-provider', '--to', 'passphrase', '--new-passphrase-file', file, '--data', data]
    const toFile = ['change-provider', '--to', 'file', '--data', data]
    const withPassphrase = { STRONGROOM_PASSPHRASE: 'correct horse' }
    let env: Env = {}
    let whole = await timeOf(() => rootKey(toFile))
    let kills = 0
    for (let i = 0; i < KILLS || kills <= KILLS / 4; i++) {
      const [args, former, next]: [string[], Env, Env] =
        env === withPassphrase || i % 2 ? [toFile, env, {}] : [toPassphrase, env, withPassphrase]
      if (await killed(args, pause(whole * (0.4 + 0.7 * Math.random())), former)) kills++
      // The machine was slower when it was measured.
      else whole *= 0.7
      const status = await runHere(['root-key', 'status', '--data', data], former)
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

describe('a passphrase', () => {
  it('is all that further servers on the same PostgreSQL need in their own data folders', async () => {
    await using postgresql = await startPostgresql()
    const [data, other] = [temporaryFolder(), temporaryFolder()]
    const env = { STRONGROOM_PASSPHRASE: 'correct horse' }
    const flags = ['--database', postgresql.database()]
    const first = await startProgram({ data, env, flags })
    try {
      const { KeyId } = (await must(first, 'CreateKey')).KeyMetadata
      const { CiphertextBlob } = await must(first, 'Encrypt', { KeyId, Plaintext: 'four apples' })
      // For the caller of the second server.
      copyFileSync(join(data, 'root-credentials.json'), join(other, 'root-credentials.json'))
      const second = await startProgram({ data: other, env, flags })
      try {
        assert.equal((await must(second, 'Decrypt', { CiphertextBlob })).Plaintext, 'four apples')
        const { KeyId: back } = (await must(second, 'CreateKey')).KeyMetadata
        await must(first, 'Encrypt', { KeyId: back, Plaintext: 'x' })
      } finally {
        assert.equal(await second.stop(), 0, second.log())
      }
    } finally {
      assert.equal(await first.stop(), 0, first.log())
    }
    for (const folder of [data, other]) assert.equal(existsSync(join(folder, 'root-key')), false)
  })
})

describe('a damaged installation record', () => {
  it('stops the start with an error that says what to do', async () => {
    const data = temporaryFolder()
    const { program } = await begun({ data })
    await program.stop()
    using db = new DatabaseSync(join(data, 'strongroom.db'))
    const body = String(db.prepare("SELECT body FROM record WHERE kind = 'installation'").get()?.['body'])
    const write = (text: string) => db.prepare("UPDATE record SET body = ? WHERE kind = 'installation'").run(text)
    const cases: [string, RegExp][] = [
      [body.slice(0, -9), /installation record.* is damaged or was altered: restore/],
      [body.replace('"retiredAt":null', '"retiredAt":12'), /installation record.* is damaged or was altered: restore/],
      [body.replace(/"wrapped":"..../, '"wrapped":"AAAA'), /root key file does not open this database/],
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
