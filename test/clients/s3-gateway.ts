// Delivery to an S3 gateway that others run in production; `npm run test:clients` builds it.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { S3Target } from '../../src/actiontrail/delivery/targets/s3.ts'
import { removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { deliveredEvents, digestsIn } from '../actiontrail/trails.ts'
import { freePort } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'

const GATEWAY = fileURLToPath(new URL('../../node_modules/.clients/versitygw', import.meta.url))
const KEY = { accessKeyId: 'gateway-user', accessKeySecret: 'gateway-secret' }

const skip = existsSync(GATEWAY) ? false : 'the gateway was not run: no Go here to build it with'

describe('delivery to an S3 gateway', { skip }, () => {
  const folder = temporaryFolder()
  const buckets = join(folder, 'buckets')
  let gateway: ChildProcess
  let endpoint: string
  before(async () => {
    mkdirSync(join(buckets, 'trail-bucket'), { recursive: true })
    const port = await freePort()
    endpoint = `http://127.0.0.1:${port}`
    const [access, secret] = [KEY.accessKeyId, KEY.accessKeySecret]
    const args = ['--access', access, '--secret', secret, '--port', `127.0.0.1:${port}`, '--region', 'cn-hangzhou']
    mkdirSync(join(folder, 'meta'), { recursive: true })
    gateway = spawn(GATEWAY, [...args, 'posix', '--sidecar', join(folder, 'meta'), buckets], { stdio: 'ignore' })
    await until(() => answers(port))
  })
  after(() => {
    gateway.kill('SIGKILL')
    removeFolder(folder)
  })

  it('tells what a bucket is', async () => {
    const target = (credentials = KEY, region = 'cn-hangzhou') =>
      new S3Target({ endpoint, region, pathStyle: true, credentials })
    /** What the gateway answers: on a busy machine it may take longer than a check waits. */
    const state = async (of: S3Target, bucket: string) => {
      for (;;) {
        const found = await of.check('', bucket)
        if (found !== 'unreachable') return found
      }
    }
    assert.equal(await state(target(), 'trail-bucket'), 'writable')
    assert.equal(await state(target(), 'no-such-bucket'), 'missing')
    assert.equal(await state(target({ ...KEY, accessKeySecret: 'wrong' }), 'trail-bucket'), 'denied')
    // It answers an unknown AccessKey with a code of its own.
    assert.notEqual(await target({ ...KEY, accessKeyId: 'nobody' }).check('', 'trail-bucket'), 'writable')
  })

  it('brings events and digests there', async () => {
    const env = {
      STRONGROOM_DELIVERY_ACCESS_KEY_ID: KEY.accessKeyId,
      STRONGROOM_DELIVERY_ACCESS_KEY_SECRET: KEY.accessKeySecret,
    }
    const place = ['--delivery-target', endpoint, '--delivery-region', 'cn-hangzhou']
    const flags = [...place, '--delivery-interval-seconds', '1']
    const program = await startProgram({ data: join(folder, 'data'), flags, env })
    const trail = { Version: '2020-07-06', Name: 'to-gateway' }
    const made = await program.call('CreateTrail', { ...trail, OssBucketName: 'trail-bucket' })
    assert.equal(made.status, 200, JSON.stringify(made.body))
    await program.call('StartLogging', trail)
    const { RequestId } = (await program.call('CreateKey')).body
    await program.call('StopLogging', trail)
    const bucket = join(buckets, 'trail-bucket')
    const there = () => deliveredEvents(bucket).some(({ eventId }) => eventId === RequestId)
    await until(there)
    assert.equal(await program.stop(), 0)
    assert.ok(digestsIn(bucket).length > 0)
  })
})

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
