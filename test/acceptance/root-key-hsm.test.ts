// The root key in an HSM, as an operator has it: from the first start, or after a change beside a live server.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openStorage } from '../../src/storage/open.ts'
import { makeToken, softHsmTokenFolders, type TestToken, TOKEN_KINDS } from '../keystore/pkcs11/tokens.ts'
import { filesHolding, ringOf } from '../rootkeys/roots.ts'
import { times } from '../size.ts'
import { runHere } from './line.ts'
import { BIN, type Program, startProgram, temporaryFolder } from './program.ts'

const KILLS = times('kills while the root key moves into an HSM')

async function must(program: Program, action: string, parameters: Record<string, string> = {}) {
  const { status, body } = await program.call(action, parameters)
  assert.equal(status, 200, `${action} ${JSON.stringify(body)} ${program.log()}`)
  return body
}

async function opens(program: Program, CiphertextBlob: string): Promise<void> {
  assert.equal((await must(program, 'Decrypt', { CiphertextBlob })).Plaintext, 'old')
}

async function begun(start: Parameters<typeof startProgram>[0]) {
  const program = await startProgram(start)
  const keyId: string = (await must(program, 'CreateKey')).KeyMetadata.KeyId
  const { CiphertextBlob } = await must(program, 'Encrypt', { KeyId: keyId, Plaintext: 'old' })
  return { program, keyId, ciphertext: CiphertextBlob as string }
}

/** Runs a root-key command on a data folder, with the token's settings. */
function rootKey(args: readonly string[], data: string, token: TestToken, env: Record<string, string> = {}) {
  return runHere(['root-key', ...args, '--data', data, ...token.flags], { ...token.env, ...env })
}

async function done(...given: Parameters<typeof rootKey>): Promise<string> {
  const { code, out, err } = await rootKey(...given)
  assert.equal(code, 0, `${given[0].join(' ')}: ${err}`)
  return out
}

async function failingStart(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { code, err } = await runHere(['serve', '--listen', '127.0.0.1:0', '--log-level', 'error', ...args], env)
  assert.ok(code === 1 || code === 2, err)
  return err
}

async function secretsOf(data: string, token: TestToken): Promise<readonly Uint8Array[]> {
  const storage = await openStorage(join(data, 'strongroom.db'))
  const ring = await ringOf(storage, { token })
  await storage.close()
  assert.ok(ring)
  return [...ring.roots, ring.fingerprintKey]
}

for (const kind of TOKEN_KINDS)
  describe(`the root key in ${kind}`, () => {
    it('is there from the first start, and in no file', async () => {
      using token = makeToken(kind)
      const data = temporaryFolder()
      const flags = [...token.flags, '--root-key-provider', 'hsm']
      const { program, ciphertext } = await begun({ data, flags, env: token.env })
      const secrets = await secretsOf(data, token)
      assert.equal(secrets.length, 2)
      assert.deepEqual(filesHolding(secrets, data, token.folder), [])
      assert.equal(existsSync(join(data, 'root-key')), false)
      assert.equal(await program.stop(), 0)
      const status = await done(['status'], data, token)
      const [, id = ''] = /^provider: the key with CKA_ID ([0-9a-f]{48}) in the HSM$/m.exec(status) ?? []
      assert.match(token.list('secrkey'), new RegExp(id))
      const check = await runHere(['hsm', 'check', '--data', data, ...token.flags], token.env)
      assert.equal(check.code, 0, check.out)
      assert.match(check.out, new RegExp(`holds the key that wraps the root keys: CKA_ID ${id}`))
      assert.match(check.out, /^0 key versions and the root key in the HSM; 0 missing on a token, 0 orphans/m)
      const again = await startProgram({ data, flags, env: token.env })
      await opens(again, ciphertext)
      await done(['rotate', '--drop-now'], data, token)
      await pause(1500)
      await opens(again, ciphertext)
      assert.equal(await again.stop(), 0)
      assert.doesNotMatch(again.log(), /"level":50/)
      const third = await startProgram({ data, flags: token.flags, env: token.env })
      await opens(third, ciphertext)
      await third.stop()
    })

    it('moves there from a file by way of a passphrase, and back, beside a running server', async () => {
      using token = makeToken(kind)
      const [data, file] = [temporaryFolder(), join(temporaryFolder(), 'passphrase')]
      writeFileSync(file, 'correct horse\n')
      const { program, keyId, ciphertext } = await begun({ data, flags: token.flags, env: token.env })
      let going = true
      const load = (async () => {
        for (; going; await pause(5)) await must(program, 'Encrypt', { KeyId: keyId, Plaintext: 'between' })
      })()
      await done(['change-provider', '--to', 'passphrase', '--new-passphrase-file', file], data, token)
      const env = { STRONGROOM_PASSPHRASE: 'correct horse' }
      const out = await done(['change-provider', '--to', 'hsm'], data, token, env)
      assert.match(out, /^the root key now comes from the key with CKA_ID [0-9a-f]{48} in the HSM: back up the token/)
      assert.deepEqual(filesHolding(await secretsOf(data, token), data, token.folder), [])
      await pause(1500)
      await done(['rotate', '--drop-now'], data, token)
      await pause(1500)
      await opens(program, ciphertext)
      going = false
      await load
      assert.equal(await program.stop(), 0)
      assert.doesNotMatch(program.log(), /"level":50/)
      assert.match(await failingStart(['--data', data]), /root key is in an HSM: set hsm-module and hsm-token/)
      const inHsm = await startProgram({ data, flags: token.flags, env: token.env })
      await opens(inHsm, ciphertext)
      const back = await done(['change-provider', '--to', 'file'], data, token)
      assert.match(back, /^the key with CKA_ID [0-9a-f]{48} in the HSM stays in the token/m)
      assert.equal(await inHsm.stop(), 0)
      const check = await runHere(['hsm', 'check', '--data', data, ...token.flags], token.env)
      assert.match(check.out, /holds strongroom-root\/.* which wraps no root keys now: older backups may need it/)
      const expecting = ['--data', data, ...token.flags, '--root-key-provider', 'hsm']
      assert.match(await failingStart(expecting, token.env), /but this database's root key comes from `file`/)
      const plain = await startProgram({ data })
      await opens(plain, ciphertext)
      await plain.stop()
    })
  })

describe('a token with the root key', () => {
  it('may disappear under a server, whose software keys go on; a start without the token says what is wrong', async () => {
    using token = makeToken('SoftHSM2')
    const data = temporaryFolder()
    const flags = [...token.flags, '--root-key-provider', 'hsm']
    const { program, keyId, ciphertext } = await begun({ data, flags, env: token.env })
    const [there = ''] = softHsmTokenFolders(token.folder)
    renameSync(there, join(token.folder, 'unplugged'))
    for (let i = 0; i < 20; i++) {
      await must(program, 'Encrypt', { KeyId: keyId, Plaintext: 'x' })
      await pause(100)
    }
    assert.equal(await program.stop(), 0)
    const away = await failingStart(['--data', data, ...flags], token.env)
    assert.match(away, /the key that wraps the root keys is in the HSM, which can't serve now: there is no token/)
    const change = await rootKey(['change-provider', '--to', 'file'], data, token)
    assert.equal(change.code, 1, change.err)
    renameSync(join(token.folder, 'unplugged'), there)
    writeFileSync(token.pinFile, 'wrong-pin\n')
    assert.match(await failingStart(['--data', data, ...flags], token.env), /refuses the PIN \(CKR_PIN_INCORRECT\)/)
    const bare = flags.filter((flag, i) => flag !== '--hsm-pin-file' && flags[i - 1] !== '--hsm-pin-file')
    assert.match(
      (await runHere(['root-key', 'status', '--data', data, ...bare], token.env)).err,
      /needs a PIN: set hsm-pin-file or STRONGROOM_HSM_PIN/,
    )
    const again = await startProgram({ data, flags: bare, env: { ...token.env, STRONGROOM_HSM_PIN: 'test-pin-7316' } })
    await opens(again, ciphertext)
    await again.stop()
  })

  it('is the only one that opens the database: another token, or one that was initialized again, gets an error that says so', async () => {
    using token = makeToken('SoftHSM2')
    using other = makeToken('SoftHSM2')
    const data = temporaryFolder()
    const flags = [...token.flags, '--root-key-provider', 'hsm']
    const { program } = await begun({ data, flags, env: token.env })
    await program.stop()
    assert.match(
      await failingStart(['--data', data, ...other.flags], other.env),
      /there is no secret key [0-9a-f]{48}: restore the/,
    )
  })

  it('refuses settings that contradict each other', async () => {
    using token = makeToken('SoftHSM2')
    const start = (flags: readonly string[], env = {}) => failingStart(['--data', temporaryFolder(), ...flags], env)
    assert.match(await start(['--root-key-provider', 'hsm']), /needs an HSM: set hsm-module and hsm-token/)
    assert.match(await start(['--root-key-provider', 'passphrase']), /set STRONGROOM_PASSPHRASE or passphrase-file/)
    assert.match(await start(['--root-key-provider', 'cloud']), /must be one of file, passphrase, hsm/)
    const hsm = [...token.flags, '--root-key-provider', 'hsm']
    assert.match(await start(hsm, { ...token.env, STRONGROOM_PASSPHRASE: 'p' }), /a passphrase does not go with/)
  })

  it(`opens the database after each of ${KILLS} kills of changes to it and back`, async () => {
    using token = makeToken('SoftHSM2')
    const data = temporaryFolder()
    const { program, ciphertext } = await begun({ data, flags: token.flags, env: token.env })
    await program.stop()
    const change = (to: string) => ['root-key', 'change-provider', '--to', to, '--data', data, ...token.flags]
    const start = performance.now()
    await done(['change-provider', '--to', 'hsm'], data, token)
    let whole = performance.now() - start
    let kills = 0
    for (let i = 0; i < KILLS || kills <= KILLS / 3; i++) {
      const child = spawn(BIN, change(i % 2 ? 'hsm' : 'file'), {
        env: { ...process.env, ...token.env },
        stdio: 'ignore',
        detached: true,
      })
      const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)))
      await Promise.race([pause(whole * (0.5 + 0.5 * Math.random())), ended])
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL')
      } catch {
        // It has ended.
      }
      if ((await ended) === 'SIGKILL') kills++
      // The machine was slower when it was measured.
      else whole *= 0.7
      await token.recover()
      const started = await startProgram({ data, flags: token.flags, env: token.env })
      await opens(started, ciphertext)
      assert.equal(await started.stop(), 0)
    }
    await done(['change-provider', '--to', 'hsm'], data, token)
    assert.deepEqual(filesHolding(await secretsOf(data, token), data, token.folder), [])
    assert.equal(existsSync(join(data, 'root-key')), false)
  })
})
