// Connecting an HSM, from outside: where it is offered, where the PIN comes from, and what a start says that can't work.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeToken, PIN, type TestToken } from '../keystore/pkcs11/tokens.ts'
import { BIN, type Program, removeFolder, runProgram, startProgram, temporaryFolder } from './program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

describe('an HSM', () => {
  let token: TestToken
  let connection: string[]
  const folders: string[] = []
  before(() => {
    token = makeToken('SoftHSM2')
    connection = ['--hsm-module', token.module, '--hsm-token', token.label, '--hsm-timeout-ms', '5000']
  })
  after(() => {
    token[Symbol.dispose]()
    for (const folder of folders) removeFolder(folder)
  })

  async function served<T>(
    flags: readonly string[],
    env: Record<string, string>,
    work: (program: Program) => Promise<T>,
  ) {
    const data = folders.at(-1) ?? temporaryFolder()
    if (!folders.includes(data)) folders.push(data)
    const program = await startProgram({ data, flags, env: { ...token.env, ...env } })
    try {
      return await work(program)
    } finally {
      assert.equal(await program.stop(), 0)
    }
  }
  const failing = (flags: readonly string[], env: Record<string, string> = {}) => {
    const data = temporaryFolder()
    folders.unshift(data)
    return runProgram(['serve', '--data', data, '--listen', '127.0.0.1:0', ...flags], { ...token.env, ...env })
  }

  it('is offered in cn-hongkong and ap-southeast-1, as in the guide, with the PIN from the environment', async () => {
    await served(connection, { STRONGROOM_HSM_PIN: PIN }, async (program) => {
      const create = (RegionId: string) =>
        program.call('CreateKey', { ProtectionLevel: 'HSM', Description: 'Key1 in Managed HSM', RegionId })
      for (const region of ['cn-hongkong', 'ap-southeast-1']) {
        const { status, body } = await create(region)
        assert.equal(status, 200, JSON.stringify(body))
        const { KeyState, Origin, ProtectionLevel, Description, KeySpec } = body.KeyMetadata
        assert.deepEqual(
          [KeyState, Origin, ProtectionLevel, Description, KeySpec],
          ['Enabled', 'Aliyun_KMS', 'HSM', 'Key1 in Managed HSM', 'Aliyun_AES_256'],
        )
        const found = await program.call('DescribeKey', { KeyId: body.KeyMetadata.KeyId, RegionId: region })
        assert.deepEqual(found.body.KeyMetadata, body.KeyMetadata)
      }
      const { status, body } = await create('cn-hangzhou')
      assert.deepEqual([status, body.Code], [400, 'Unsupported.ProtectionLevel'])
      assert.equal(body.Message, 'This protection level is not valid for this region')
      const regions = (await program.call('DescribeRegions')).body.Regions.Region
      assert.ok(regions.length > 20)
    })
  })

  it('that is not configured any more leaves its keys waiting, and all else working', async () => {
    await served([], {}, async (program) => {
      const RegionId = 'cn-hongkong'
      const [key] = (await program.call('ListKeys', { RegionId })).body.Keys.Key
      const encrypted = await program.call('Encrypt', { KeyId: key.KeyId, Plaintext: 'x', RegionId })
      assert.deepEqual([encrypted.status, encrypted.body.Code], [503, 'ServiceUnavailableTemporary'])
      assert.equal((await program.call('DescribeKey', { KeyId: key.KeyId, RegionId })).status, 200)
      const another = await program.call('CreateKey', { ProtectionLevel: 'HSM', RegionId })
      assert.equal(another.body.Code, 'Unsupported.ProtectionLevel')
      assert.equal((await program.call('CreateKey', { RegionId })).status, 200)
    })
    await served(connection, { STRONGROOM_HSM_PIN: PIN }, async (program) => {
      const RegionId = 'cn-hongkong'
      const keys = (
        await program.call('ListKeys', { RegionId, Filters: '[{"Key":"ProtectionLevel","Values":["HSM"]}]' })
      ).body
      const { KeyId } = keys.Keys.Key[0]
      assert.equal((await program.call('Encrypt', { KeyId, Plaintext: 'x', RegionId })).status, 200)
    })
    const usage = await runProgram(['key', 'usage', '--data', folders.at(-1) ?? ''])
    const [row] = JSON.parse(usage.out) as Record<string, unknown>[]
    assert.deepEqual([row?.['protectionLevel'], row?.['uses'], row?.['safe']], ['HSM', 65_536, '2^32'])
  })

  it('whose token is not there yet stops nothing but its own keys', async () => {
    const flags = [...connection.slice(0, 2), '--hsm-token', 'elsewhere', '--hsm-pin-file', token.pinFile]
    await served(flags, {}, async (program) => {
      assert.match(program.log(), /there is no token `elsewhere`/)
      const level = { ProtectionLevel: 'HSM', RegionId: 'cn-hongkong' }
      assert.equal((await program.call('CreateKey', level)).status, 503)
      assert.equal((await program.call('CreateKey')).status, 200)
    })
  })

  it('whose library is missing stops the start, with an error that says what to change', async () => {
    const { code, err } = await failing([
      '--hsm-module',
      '/no/such.so',
      '--hsm-token',
      'x',
      '--hsm-pin-file',
      token.pinFile,
    ])
    assert.equal(code, 1)
    assert.match(err, /^strongroom: .*the PKCS #11 library `\/no\/such\.so` can't be loaded/m)
  })

  it('needs a PIN, which no flag takes', async () => {
    const without = await failing(connection)
    assert.deepEqual([without.code, without.out], [2, ''])
    assert.match(without.err, /set hsm-pin-file or STRONGROOM_HSM_PIN/)
    const byFlag = await failing([...connection, '--hsm-pin', PIN])
    assert.equal(byFlag.code, 2)
    assert.match(byFlag.err, /unknown flag `--hsm-pin`/)
    const half = await failing(['--hsm-module', token.module])
    assert.match(half.err, /an HSM needs both `hsm-module` and `hsm-token`/)
  })

  it('without the add-on says so in one sentence, and software keys do without it', async () => {
    const copy = temporaryFolder()
    folders.unshift(copy)
    cpSync(join(ROOT, 'src'), join(copy, 'src'), { recursive: true })
    cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'))
    mkdirSync(join(copy, 'node_modules'))
    mkdirSync(join(copy, 'bin'))
    cpSync(BIN, join(copy, 'bin/strongroom'))
    for (const name of readdirSync(join(ROOT, 'node_modules')))
      if (name !== 'pkcs11js') symlinkSync(join(ROOT, 'node_modules', name), join(copy, 'node_modules', name))
    const data = join(copy, 'data')
    const flags = ['serve', '--data', data, '--listen', '127.0.0.1:0', ...connection, '--hsm-pin-file', token.pinFile]
    const { code, err } = await runProgram(flags, token.env, join(copy, 'bin/strongroom'))
    assert.equal(code, 1)
    assert.match(
      err,
      /the add-on `pkcs11js`, through which an HSM is reached, is not installed: .*npm rebuild pkcs11js/,
    )
    const listed = await runProgram(['account', 'list', '--data', data], {}, join(copy, 'bin/strongroom'))
    assert.equal(listed.code, 0, listed.err)
  })

  it('can be tried as the guide says', async () => {
    const page = readFileSync(join(ROOT, 'docs/hsm.md'), 'utf8')
    const [setUp = '', create = ''] = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, code]) => code)
    const folder = temporaryFolder()
    folders.unshift(folder)
    for (const name of ['bin', 'src', 'node_modules', 'package.json']) symlinkSync(join(ROOT, name), join(folder, name))
    const bash = (script: string, env: Record<string, string> = {}) =>
      execFileSync('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: folder,
        env: { ...process.env, ...env },
      }).toString()
    assert.match(bash(setUp), /can do AES-256-GCM\n/)
    const program = await startProgram({
      data: join(folder, 'data'),
      flags: ['--config', join(folder, 'hsm/strongroom.json'), '--hsm-pin-file', join(folder, 'hsm/pin')],
      env: { SOFTHSM2_CONF: join(folder, 'hsm/softhsm2.conf') },
    })
    assert.match(bash(create, { STRONGROOM_ENDPOINT: program.endpoint }), /"ProtectionLevel": ?"HSM"/)
    assert.equal(await program.stop(), 0)
  })

  it('is documented with every one of its settings', () => {
    const page = readFileSync(join(ROOT, 'docs/hsm.md'), 'utf8')
    for (const name of [
      'module',
      'token',
      'pin-file',
      'parameters',
      'regions',
      'sessions',
      'timeout-ms',
      'key-timeout-ms',
    ])
      assert.ok(page.includes(`\`--hsm-${name}\``), name)
  })
})
