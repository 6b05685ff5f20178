// `strongroom/testing`, as the tests of another program use it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startStrongroom } from '../../src/testing/index.ts'
import { call, removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { until } from '../until.ts'

const SEED = {
  accounts: [
    {
      accountId: '1000000000000042',
      accessKeyId: 'LTAIseeded',
      accessKeySecret: 'not-a-secret',
      keys: [
        {
          keyId: '0b7a9f52-7c1d-4a66-9a0b-5f3c2d1e4f60',
          versions: [
            {
              versionId: '2ab1a983-7072-4bbc-a582-584b5bd8a1c3',
              material: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
            },
          ],
        },
      ],
    },
  ],
}

function serves(endpoint: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(endpoint).port), '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

describe('startStrongroom', () => {
  const folder = temporaryFolder()
  const former = process.env['TMPDIR']
  before(() => {
    mkdirSync(join(folder, 'tmp'))
    process.env['TMPDIR'] = join(folder, 'tmp')
    // Of another server, which must not be used.
    process.env['STRONGROOM_LISTEN'] = '127.0.0.1:1'
  })
  after(() => {
    delete process.env['STRONGROOM_LISTEN']
    if (former === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = former
    removeFolder(folder)
  })
  const left = () => readdirSync(join(folder, 'tmp'))

  it('gives a server of its own, whose clock moves, and leaves nothing behind', async () => {
    const server = await startStrongroom({ region: 'cn-beijing,cn-hangzhou' })
    try {
      const { endpoint, credentials } = server
      assert.equal(server.region, 'cn-beijing')
      assert.match(credentials.accountId, /^\d{16}$/)
      const must = async (action: string, parameters: Record<string, string> = {}) => {
        const { status, body } = await call(endpoint, credentials, action, parameters, Date.now())
        assert.equal(status, 200, JSON.stringify(body))
        return body
      }
      const { KeyMetadata } = await must('CreateKey')
      assert.match(KeyMetadata.Arn, /^acs:kms:cn-beijing:/)
      await must('ScheduleKeyDeletion', { KeyId: KeyMetadata.KeyId, PendingWindowInDays: '7' })
      const [sooner, later] = [await server.advance('0s'), await server.advance('8d')]
      assert.ok(later.getTime() - sooner.getTime() >= 8 * 86_400_000)
      assert.equal((await must('ListKeys')).TotalCount, 0)
      await assert.rejects(server.advance('soon'), /name the duration/)
      assert.ok(left().length > 0)
      await Promise.all([server.stop(), server.stop()])
      assert.deepEqual([await serves(endpoint), left()], [false, []])
    } finally {
      await server.stop()
    }
  })

  it('begins with a seed, and ends with its block', async () => {
    let endpoint = ''
    {
      await using server = await startStrongroom({ seed: SEED })
      endpoint = server.endpoint
      const [account] = SEED.accounts
      assert.equal(server.credentials.accessKeySecret, account?.accessKeySecret)
      const parameters = { KeyId: account?.keys[0]?.keyId ?? '', Plaintext: 'dGVzdA==' }
      const { status } = await call(endpoint, server.credentials, 'Encrypt', parameters, Date.now())
      assert.equal(status, 200)
    }
    assert.deepEqual([await serves(endpoint), left()], [false, []])
  })

  it('rejects with what the server says when it does not start, and leaves nothing behind', async () => {
    const wrong = { accounts: [{ ...SEED.accounts[0], accountId: 'four' }] }
    await assert.rejects(startStrongroom({ seed: wrong as never }), /accounts\[0\]\.accountId/)
    await assert.rejects(startStrongroom({ flags: ['--lisen'] }), /unknown flag `--lisen`/)
    await assert.rejects(startStrongroom({ flags: ['--data', folder] }), /leave `data` and `database` out/)
    assert.deepEqual(left(), [])
  })

  it('ends with the process that started it, even killed', async () => {
    const program = `import { startStrongroom } from '${new URL('../../src/testing/index.ts', import.meta.url)}'
const { endpoint } = await startStrongroom()
console.log(endpoint)
setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const endpoint = await new Promise<string>((resolve) =>
      parent.stdout.once('data', (text) => resolve(`${text}`.trim())),
    )
    assert.ok(await serves(endpoint))
    parent.kill('SIGKILL')
    await until(async () => !(await serves(endpoint)) && left().length === 0)
  })

  it('does not keep the process that started it', async () => {
    const program = `import { startStrongroom } from '${new URL('../../src/testing/index.ts', import.meta.url)}'
await startStrongroom()`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' })
    assert.equal(await new Promise((resolve) => parent.once('exit', resolve)), 0)
    await until(() => left().length === 0)
  })
})
