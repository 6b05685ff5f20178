// `serve --dev`: the page docs/development.md as it is written, and what keeps this mode apart from any other.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { callOperation } from '../../src/cli/client.ts'
import { wrap } from '../kms/byok.ts'
import { runHere } from './line.ts'
import { call, type Program, removeFolder, runProgram, startProgram, temporaryFolder } from './program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(join(ROOT, 'docs/development.md'), 'utf8')

function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, code]) => code ?? '')
}

const [SEED = ''] = blocks('json')
const [account] = JSON.parse(SEED).accounts
const stored = /^ {2}(\S{80,})$/m.exec(page)?.[1] ?? ''

describe('serve --dev', () => {
  const folders: string[] = []
  const programs: Program[] = []
  after(async () => {
    for (const program of programs) await program.stop('SIGKILL')
    for (const folder of folders) removeFolder(folder)
  })
  const folder = () => {
    folders.push(temporaryFolder())
    return folders.at(-1) ?? ''
  }
  const start = async (data: string, ...flags: string[]) => {
    const program = await startProgram({ data, flags })
    programs.push(program)
    return program
  }
  const seeded = async (data = folder(), seed: unknown = JSON.parse(SEED)) => {
    const file = join(data, 'seed.json')
    writeFileSync(file, JSON.stringify(seed))
    return start(data, '--dev', '--seed', file)
  }
  const advance = (program: Program, duration: string) =>
    runHere(['dev', 'advance', duration, '--endpoint', program.endpoint, '--data', program.data])

  it('does what its page says, command by command', async () => {
    const cwd = folder()
    for (const name of ['bin', 'src', 'node_modules', 'package.json']) symlinkSync(join(ROOT, name), join(cwd, name))
    const data = join(cwd, 'data')
    const file = join(cwd, 'seed.json')
    writeFileSync(file, SEED)
    const program = await start(data, '--dev', '--seed', file)
    assert.match(program.log(), /DEVELOPMENT MODE/)
    const env = { ...process.env, STRONGROOM_ENDPOINT: program.endpoint }
    const ran = spawnSync('bash', ['-euo', 'pipefail', '-c', blocks('sh').join('\n')], { cwd, env, encoding: 'utf8' })
    assert.equal(ran.status, 0, ran.stderr)
    for (const line of ['orders of the test suite', 'four apples', '2', 'the key is gone'])
      assert.ok(ran.stdout.split('\n').includes(line), `${line} in ${ran.stdout}`)
    assert.equal(await program.stop(), 0)
  })

  it('opens stored ciphertexts on every server with the seed, for the users that it names', async () => {
    const program = await seeded()
    const [shop] = account.users
    const decrypted = await call(program.endpoint, shop, 'Decrypt', { CiphertextBlob: stored }, Date.now())
    assert.equal(decrypted.body.Plaintext, 'four apples')
    const listed = await call(program.endpoint, shop, 'ListKeys', {}, Date.now())
    assert.equal(listed.body.Code, 'Forbidden.NoPermission')
    await program.stop()
    for (const change of [
      { accountId: '1000000000000002' },
      {
        keys: [
          {
            ...account.keys[0],
            versions: [{ ...account.keys[0].versions[0], material: Buffer.alloc(32).toString('base64') }],
          },
        ],
      },
    ]) {
      const other = await seeded(folder(), { accounts: [{ ...account, ...change }] })
      const { status } = await call(other.endpoint, account, 'Decrypt', { CiphertextBlob: stored }, Date.now())
      assert.notEqual(status, 200)
      await other.stop()
    }
  })

  it('has the same effect when it seeds again, and keeps the moved clock', async () => {
    const data = folder()
    const first = await seeded(data)
    assert.equal((await advance(first, '8d')).code, 0)
    const seen = async (program: Program) => {
      const { KeyMetadata } = (await program.call('DescribeKey', { KeyId: 'alias/orders' })).body
      const { Users } = (await program.call('ListUsers', { Version: '2015-05-01' })).body
      const { TotalCount } = (await program.call('ListKeys')).body
      return JSON.stringify([KeyMetadata, Users, TotalCount])
    }
    const before = await seen(first)
    await first.stop()
    const second = await seeded(data)
    assert.equal(await seen(second), before)
    const { out } = await advance(second, '0s')
    assert.ok(Math.abs(Date.parse(JSON.parse(out).Now) - Date.now() - 8 * 86_400_000) < 60_000)
    await second.stop()
  })

  it('finishes all due work before it answers', async () => {
    const program = await seeded()
    const must = async (action: string, parameters: Record<string, string> = {}) => {
      const { status, body } = await program.call(action, parameters)
      assert.equal(status, 200, JSON.stringify(body))
      return body
    }
    const policy = { EnableAutomaticRotation: 'true', RotationInterval: '7d' }
    const rotating: string = (await must('CreateKey', policy)).KeyMetadata.KeyId
    const external: string = (await must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata.KeyId
    const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_1', WrappingKeySpec: 'RSA_2048' }
    const { PublicKey, ImportToken } = await must('GetParametersForImport', { KeyId: external, ...wrapping })
    const own = {
      KeyId: external,
      ImportToken,
      EncryptedKeyMaterial: wrap(PublicKey, wrapping.WrappingAlgorithm, Buffer.alloc(32, 3)),
    }
    const KeyMaterialExpireUnix = String(Math.floor(Date.now() / 1000) + 86_400 * 2)
    await must('ImportKeyMaterial', { ...own, KeyMaterialExpireUnix })
    const moved = await advance(program, '8d')
    assert.equal(JSON.parse(moved.out).ChangedKeys, 2)
    assert.equal((await must('ListKeyVersions', { KeyId: rotating })).TotalCount, 2)
    assert.equal((await must('DescribeKey', { KeyId: external })).KeyMetadata.KeyState, 'PendingImport')
    assert.equal((await program.call('ImportKeyMaterial', own)).body.Code, 'ExpiredImportToken')
    await program.stop()
  })

  it('lets the account move the clock, and nobody else', async () => {
    const program = await seeded()
    const options = { endpoint: program.endpoint, securityToken: null, ca: null, now: Date.now(), path: '/dev/advance' }
    const ask = async (parameters: Record<string, string>, who = account) => {
      const { accessKeyId, accessKeySecret } = who
      const all = new Map(Object.entries({ Action: 'AdvanceClock', Version: 'dev', Seconds: '60', ...parameters }))
      const { body } = await callOperation(all, { ...options, accessKeyId, accessKeySecret })
      return JSON.parse(body).Code ?? 'OK'
    }
    assert.equal(await ask({}, account.users[0]), 'Forbidden.NoPermission')
    assert.equal(await ask({}, { ...account, accessKeySecret: 'wrong' }), 'SignatureDoesNotMatch')
    assert.equal(await ask({ Action: 'ListKeys' }), 'InvalidAction.NotFound')
    for (const Seconds of ['-1', '1.5', 'x', '3153600001']) assert.equal(await ask({ Seconds }), 'InvalidParameter')
    assert.equal(await ask({ Seconds: '' }), 'MissingParameter')
    const unsigned = await fetch(`${program.endpoint}/dev/advance`, {
      method: 'POST',
      body: new URLSearchParams({ Action: 'AdvanceClock' }),
    })
    assert.match(await unsigned.text(), /MissingAccessKeyId/)
    const { out } = await advance(program, '0s')
    assert.ok(Date.parse(JSON.parse(out).Now) < Date.now() + 60_000, 'it has not moved')
    assert.equal(await ask({}), 'OK')
    await program.stop()
  })

  it('uses only databases that were made with --dev, listens on loopback only, and alone moves its clock', async () => {
    const [plain, dev] = [folder(), folder()]
    const usual = await start(plain)
    const refused = await advance(usual, '8d')
    assert.deepEqual([refused.code, /does not run with --dev/.test(refused.err)], [1, true])
    await usual.stop()
    await (await start(dev, '--dev')).stop()
    const listen = ['--listen', '127.0.0.1:0']
    const starts = async (...args: string[]) => {
      const { code, err } = await runProgram(['serve', ...args])
      return [code, err] as const
    }
    const [, madeWithout] = await starts('--data', plain, ...listen, '--dev')
    assert.match(madeWithout, /made without --dev: choose another folder/)
    const [, madeWith] = await starts('--data', dev, ...listen)
    assert.match(madeWith, /made with --dev/)
    assert.match((await runHere(['account', 'list', '--data', dev])).err, /made with --dev/)
    assert.equal((await runHere(['account', 'list', '--data', dev, '--dev'])).code, 0)
    const [code, elsewhere] = await starts('--data', folder(), '--listen', '0.0.0.0:0', '--dev', '--insecure-http')
    assert.deepEqual([code, /`dev` is only for this machine/.test(elsewhere)], [2, true])
    assert.match((await starts('--data', folder(), ...listen, '--seed', 'x.json'))[1], /`seed` goes with --dev/)
  })

  it('names what is wrong with a seed', async () => {
    const [key] = account.keys
    for (const [seed, message] of [
      [{ acounts: [] }, /`acounts` is unknown/],
      [{ accounts: {} }, /`accounts` must be a JSON array/],
      [{ accounts: [{ ...account, key: [] }] }, /`accounts\[0\]\.key` is unknown/],
      [{ accounts: [{ ...account, accountId: '1' }] }, /`accounts\[0\]\.accountId` must be 16 digits/],
      [{ accounts: [{ ...account, keys: [{ ...key, versions: [] }] }] }, /keys\[0\]\.versions` must hold a version/],
      [
        { accounts: [{ ...account, keys: [{ ...key, versions: [{ versionId: key.keyId, material: 'AAAA' }] }] }] },
        /versions\[0\]\.material` must be Base64 of 32 bytes/,
      ],
      [
        { accounts: [{ ...account, keys: [{ ...key, keyId: 'key-1' }] }] },
        /keys\[0\]\.keyId` must be a lower-case UUID/,
      ],
      [{ accounts: [{ ...account, keys: [{ ...key, region: 'mars-1' }] }] }, /region `mars-1`, which is not served/],
      [{ accounts: [{ ...account, keys: [{ ...key, tags: { 'acs:x': '' } }] }] }, /InvalidParameter/],
      [{ accounts: [{ ...account, keys: [] }] }, /CreateAlias.*Forbidden\.KeyNotFound/],
      [{ accounts: [{ ...account, policies: [] }] }, /AttachPolicyToUser.*EntityNotExist\.Policy/],
      [
        { accounts: [{ ...account, policies: [{ policyName: 'p', document: {} }] }] },
        /CreatePolicy.*MalformedPolicyDocument/,
      ],
    ] as [unknown, RegExp][])
      await assert.rejects(seeded(folder(), seed), message)
  })
})
