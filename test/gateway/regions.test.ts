// A port for each region: where a call lands that names no region, or another one.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readSettings } from '../../src/settings/settings.ts'
import { removeFolder, startProgram } from '../acceptance/program.ts'
import { Connection, post, signedForm } from '../acceptance/raw.ts'
import { openTestHouse, type TestHouse } from '../house.ts'

async function describesKey(
  house: TestHouse,
  endpoint: string,
  parameters: Record<string, string>,
  host = 'localhost',
) {
  const form = signedForm({ Action: 'DescribeKey', ...parameters }, house.credentials, { now: house.now })
  using connection = await Connection.open(endpoint)
  const answer = await connection.send(post(form).toString().replace('kms.cn-hangzhou.aliyuncs.com', host))
  const { Code, KeyMetadata } = JSON.parse(answer?.body ?? '')
  return KeyMetadata?.Arn.split(':')[2] ?? Code
}

describe('a port with a region', () => {
  it('is the default of calls on it, and nothing more', async () => {
    await using house = await openTestHouse(null, ['--listen', 'cn-beijing=127.0.0.1:0'])
    const [first = '', beijing = ''] = house.endpoints
    const { KeyMetadata: here } = await house.must('CreateKey')
    const KeyId = String((here as Record<string, unknown>)['KeyId'])
    assert.equal(await describesKey(house, first, { KeyId }), 'cn-hangzhou')
    assert.equal(await describesKey(house, beijing, { KeyId }), 'Forbidden.KeyNotFound')
    assert.equal(await describesKey(house, beijing, { KeyId, RegionId: 'cn-hangzhou' }), 'cn-hangzhou')
    assert.equal(await describesKey(house, beijing, { KeyId }, 'kms.cn-hangzhou.aliyuncs.com'), 'cn-hangzhou')
    assert.equal(await describesKey(house, beijing, { KeyId, RegionId: 'moon-1' }), 'InvalidParameter')
  })

  it('is shown when the program is ready', async () => {
    const flags = ['--listen', 'cn-beijing=127.0.0.1:0,cn-shanghai=127.0.0.1:0']
    const program = await startProgram({ flags })
    try {
      const { endpoint, endpoints = {} } = program
      assert.deepEqual(Object.keys(endpoints), ['cn-hangzhou', 'cn-beijing', 'cn-shanghai'])
      assert.equal(endpoints['cn-hangzhou'], endpoint)
      for (const one of Object.values(endpoints)) assert.equal((await fetch(`${one}/healthz`)).status, 200)
    } finally {
      await program.stop()
      removeFolder(program.data)
    }
  })
})

describe('the setting listen', () => {
  const read = (args: string[], env = {}, file = {}) =>
    readSettings([...args, '--config', 'c.json'], env, () => JSON.stringify(file)).listen
  const wanted = [
    { host: '127.0.0.1', port: 7700, region: null },
    { host: '::1', port: 7701, region: 'cn-beijing' },
  ]

  it('is the same as flags, as a list, in the environment and in the file', () => {
    const list = '127.0.0.1:7700, cn-beijing=[::1]:7701'
    assert.deepEqual(read(['--listen', list]), wanted)
    assert.deepEqual(read(['--listen', '127.0.0.1:7700', '--listen=cn-beijing=[::1]:7701']), wanted)
    assert.deepEqual(read([], { STRONGROOM_LISTEN: list }), wanted)
    assert.deepEqual(read([], {}, { listen: list }), wanted)
    assert.deepEqual(read([], {}, { listen: ['127.0.0.1:7700', 'cn-beijing=[::1]:7701'] }), wanted)
  })

  it('takes regions that are served, and loopback alone without TLS', () => {
    assert.throws(() => read(['--listen', 'moon-1=127.0.0.1:1']), /`listen` names the region `moon-1`/)
    assert.throws(() => read(['--listen', 'cn-beijing=7700']), /HOST:PORT/)
    assert.throws(() => read(['--listen', '127.0.0.1:1,cn-beijing=10.0.0.1:2']), /plain HTTP on `10.0.0.1`/)
    assert.throws(() => read(['--dev', '--insecure-http', '--listen', '127.0.0.1:1,10.0.0.1:2']), /on `10.0.0.1`/)
  })
})
