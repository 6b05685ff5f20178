// Delivery to a bucket: the real program against a real server of the S3 protocol, which checks every signature.
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { S3Object, S3Target } from '../../../../src/actiontrail/delivery/targets/s3.ts'
import { TargetFault } from '../../../../src/actiontrail/delivery/targets/target.ts'
import { verifyDelivered } from '../../../../src/actiontrail/delivery/verify-delivered.ts'
import { runHere } from '../../../acceptance/line.ts'
import {
  call,
  type Program,
  removeFolder,
  runProgram,
  startProgram,
  temporaryFolder,
} from '../../../acceptance/program.ts'
import { openTestHouse } from '../../../house.ts'
import { until } from '../../../until.ts'
import { filesBelow } from '../../trails.ts'

const require = createRequire(import.meta.url)
interface Server {
  run(): Promise<{ port: number }>
  close(): Promise<void>
}
const S3Server = require('@20minutes/s3rver') as new (options: object) => Server
const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3')

/** The one pair that the server knows. */
const KEY = { accessKeyId: 'S3RVER', accessKeySecret: 'S3RVER' }

describe('delivery to a bucket of an S3-compatible server', () => {
  const folder = temporaryFolder()
  let server: Server
  let endpoint: string
  let program: Program
  const serve = async (port = 0) => {
    const buckets = [{ name: 'trail-bucket', configs: [] }]
    server = new S3Server({ port, address: '127.0.0.1', silent: true, directory: folder, configureBuckets: buckets })
    endpoint = `http://127.0.0.1:${(await server.run()).port}`
  }
  before(() => serve())
  after(async () => {
    program?.process.kill('SIGKILL')
    await server.close()
    removeFolder(folder)
  })

  const target = (credentials = KEY, to = endpoint) =>
    new S3Target({ endpoint: to, region: 'us-east-1', pathStyle: true, credentials })

  it('tells a bucket that can be written from one that is missing, closed or away', async () => {
    assert.equal(await target().check('', 'trail-bucket'), 'writable')
    assert.equal(await target().check('', 'no-such-bucket'), 'missing')
    assert.equal(await target({ ...KEY, accessKeySecret: 'wrong' }).check('', 'trail-bucket'), 'denied')
    assert.equal(await target({ ...KEY, accessKeyId: 'nobody' }).check('', 'trail-bucket'), 'denied')
    assert.equal(await target(KEY, 'http://127.0.0.1:1').check('', 'trail-bucket'), 'unreachable')
  })

  it('takes long objects in parts, and gives them back', async () => {
    const settings = { endpoint, region: 'us-east-1', pathStyle: true, credentials: KEY }
    const bytes = Buffer.alloc(40_000_000, 'a long object')
    const object = new S3Object(settings, 'trail-bucket', 'long/object')
    const pieces = async function* () {
      for (let at = 0; at < bytes.length; at += 1_000_001) yield bytes.subarray(at, at + 1_000_001)
    }
    await object.write(pieces())
    assert.equal(hash('sha256', Buffer.concat(await Array.fromAsync(object.read()))), hash('sha256', bytes))
    const failing = async function* () {
      yield Buffer.alloc(20_000_000)
      throw new Error('the source failed')
    }
    const half = new S3Object(settings, 'trail-bucket', 'long/half')
    await assert.rejects(half.write(failing()), /the source failed/)
    await assert.rejects(Array.fromAsync(half.read()), /the bucket trail-bucket has no object long\/half/)
    const missing = new S3Object(settings, 'no-such-bucket', 'key')
    await assert.rejects(missing.write(pieces()), /The bucket does not exist/)
  })

  it('holds backups, which are verified and restored from there', async () => {
    await using house = await openTestHouse(null)
    await house.call('CreateKey')
    const identity = join(folder, 'identity')
    const recipient = (await runHere(['backup', 'key', '--output', identity])).out.trim()
    const env = { STRONGROOM_DELIVERY_ACCESS_KEY_ID: 'S3RVER', STRONGROOM_DELIVERY_ACCESS_KEY_SECRET: 'S3RVER' }
    const run = (...words: string[]) => runHere([...words, '--delivery-target', endpoint], env)
    const place = 'bucket:trail-bucket/backups/one.age'
    const made = await run('backup', '--to', place, '--recipient', recipient, '--data', house.data)
    assert.equal(made.code, 0, made.err)
    assert.match(made.out, /^read again: the file has the written data/m)
    const verified = await run('backup', 'verify', place, '--identity', identity)
    assert.deepEqual([verified.code, verified.err], [0, ''])
    const data = join(folder, 'restored')
    const key = ['--root-key-file', join(house.data, 'root-key')]
    const restored = await run('restore', '--from', place, '--identity', identity, '--data', data, ...key)
    assert.equal(restored.code, 0, restored.err)
    const nowhere = ['backup', '--to', place, '--recipient', recipient, '--data', house.data]
    assert.match((await runHere(nowhere)).err, /a bucket needs an endpoint: set `delivery-target`/)
    assert.match((await run('backup', '--to', 'bucket:x', '--recipient', recipient)).err, /must be bucket:BUCKET\/KEY/)
  })

  it('says why it failed, and no message contains credentials', async () => {
    const secret = { accessKeyId: 'S3RVER', accessKeySecret: 'canary-secret' }
    await assert.rejects(
      target(secret).put('', 'trail-bucket', 'x', new Uint8Array(3), new AbortController().signal),
      (error) => {
        assert.ok(error instanceof TargetFault)
        assert.equal(error.message, 'Access to the bucket was denied (SignatureDoesNotMatch).')
        assert.equal(error.cause, undefined)
        return true
      },
    )
  })

  const flags = () => [
    ...['--delivery-target', endpoint, '--delivery-interval-seconds', '1', '--region', 'cn-hangzhou,cn-beijing'],
  ]
  const env = {
    STRONGROOM_DELIVERY_ACCESS_KEY_ID: KEY.accessKeyId,
    STRONGROOM_DELIVERY_ACCESS_KEY_SECRET: KEY.accessKeySecret,
  }
  const trail = { Version: '2020-07-06', Name: 'to-bucket' }

  const client = () =>
    new S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: KEY.accessKeyId, secretAccessKey: KEY.accessKeySecret },
    })
  /** From the server's own folder: it miscounts the signatures of lists. */
  const list = async () =>
    filesBelow(join(folder, 'trail-bucket'))
      .flatMap((path) => /^(.*)\._S3rver_object$/.exec(path)?.[1] ?? [])
      .filter((key) => !key.endsWith('-Check'))
  const read = async (Key: string) => {
    const { Body } = await client().send(new GetObjectCommand({ Bucket: 'trail-bucket', Key }))
    return (await Body?.transformToByteArray()) ?? new Uint8Array()
  }
  const delivered = async () => {
    const objects = await Promise.all((await list()).filter((key) => key.endsWith('.gz')).map(read))
    return objects.flatMap((bytes) => JSON.parse(gunzipSync(bytes).toString('utf8')) as Record<string, unknown>[])
  }

  it('brings every event to the bucket, whatever becomes of the server meanwhile', async () => {
    program = await startProgram({ data: join(folder, 'data'), flags: flags(), env })
    const refused = await program.call('CreateTrail', { ...trail, OssBucketName: 'no-such-bucket' })
    assert.deepEqual([refused.status, refused.body.Code], [404, 'BucketDoesNotExistException'])
    const made = await program.call('CreateTrail', {
      ...trail,
      OssBucketName: 'trail-bucket',
      OssKeyPrefix: 'kms-audit',
    })
    assert.equal(made.status, 200, JSON.stringify(made.body))
    await program.call('StartLogging', trail)
    const ids: string[] = [(await program.call('CreateKey')).body.RequestId]
    await until(async () => (await delivered()).some(({ eventId }) => eventId === ids[0]))

    const port = Number(new URL(endpoint).port)
    await server.close()
    ids.push((await program.call('CreateKey', { RegionId: 'cn-beijing' })).body.RequestId)
    const status = async () => (await program.call('GetTrailStatus', trail)).body
    await until(async () => (await status()).OssBucketStatus === false)
    assert.match((await status()).LatestDeliveryError, /^The bucket could not be written \([A-Z]+\)\.$/)
    const other = await program.call('UpdateTrail', { ...trail, OssBucketName: 'other-bucket' })
    assert.deepEqual([other.status, other.body.Code], [503, 'ServiceUnavailable'])
    ids.push((await program.call('CreateKey')).body.RequestId)
    await serve(port)
    await until(async () => {
      const events = new Set((await delivered()).map(({ eventId }) => eventId))
      return ids.every((id) => events.has(id))
    })
    await until(async () => (await status()).OssBucketStatus === true)
    await until(async () => (await status()).DeliveryLagSeconds === 0)
    assert.equal(await program.stop(), 0)
    const all = (await delivered()).map(({ eventId }) => eventId)
    assert.equal(new Set(all).size, all.length)
    assert.ok(!program.log().includes(KEY.accessKeySecret) && !program.log().includes('Signature='))

    const { storage, trailSigner } = await openedAgain(join(folder, 'data'))
    await storage.close()
    const verdict = await verifyDelivered({ list, read }, trailSigner.publicKey)
    assert.deepEqual([verdict.fault, verdict.uncovered], [null, []])
  })

  it('ends in time though the bucket hangs, and delivers at the next start', async () => {
    const port = Number(new URL(endpoint).port)
    const start = () => startProgram({ data: join(folder, 'data'), flags: flags(), env })
    program = await start()
    await server.close()
    const connections = new Set<Socket>()
    const hanging = createServer((socket) => connections.add(socket)).listen(port, '127.0.0.1')
    const { RequestId } = (await program.call('CreateKey')).body
    await until(async () => connections.size > 0)
    assert.equal(await program.stop(), 0)
    for (const socket of connections) socket.destroy()
    await new Promise((resolve) => hanging.close(resolve))
    await serve(port)
    program = await start()
    await until(async () => (await delivered()).some(({ eventId }) => eventId === RequestId))
    assert.equal(await program.stop(), 0)
  })

  it('starts with credentials only, and lets no account write to the bucket of another', async () => {
    const start = (more: string[], variables = {}) =>
      startProgram({ data: join(folder, 'refused'), flags: more, env: variables }).then(
        () => assert.fail('it started'),
        (error: Error) => error.message,
      )
    assert.match(await start(['--delivery-target', endpoint]), /STRONGROOM_DELIVERY_ACCESS_KEY_ID/)
    assert.match(
      await start(['--delivery-target', endpoint], { STRONGROOM_DELIVERY_ACCESS_KEY_ID: 'x' }),
      /set both .*, or neither/,
    )
    assert.match(await start(['--delivery-target', 'ftp://host']), /folder:DIR or an endpoint/)
    assert.match(await start(['--delivery-target', 'https://user:secret@host']), /folder:DIR or an endpoint/)
    assert.match(await start(['--delivery-interval-seconds', '0']), /whole number from 1/)
    const file = join(folder, 'credentials.json')
    writeFileSync(file, '{"accessKeyId":"canary"')
    const broken = await start(['--delivery-target', endpoint, '--delivery-credentials-file', file])
    assert.match(broken, /must contain a JSON object with accessKeyId/)
    assert.ok(!broken.includes('canary'))
    writeFileSync(file, JSON.stringify(KEY))
    const flagsWithFile = ['--delivery-target', endpoint, '--delivery-credentials-file', file]
    const program = await startProgram({ data: join(folder, 'with-file'), flags: flagsWithFile })
    const shared = await program.call('CreateTrail', { ...trail, OssBucketName: 'trail-bucket' })
    assert.equal(shared.status, 200, JSON.stringify(shared.body))
    const other = JSON.parse((await runProgram(['account', 'create', '--name', 'b', '--data', program.data])).out)
    const own = { ...trail, OssBucketName: 'trail-bucket' }
    const theirs = await call(program.endpoint, other, 'CreateTrail', own, Date.now())
    assert.deepEqual([theirs.status, theirs.body.Code], [403, 'InsufficientBucketPolicyException'])
    await program.call('DeleteTrail', trail)
    assert.equal((await call(program.endpoint, other, 'CreateTrail', own, Date.now())).status, 200)
    assert.equal(await program.stop(), 0)
  })
})

async function openedAgain(data: string) {
  const { openHouse } = await import('../../../../src/house/open.ts')
  const { readSettings } = await import('../../../../src/settings/settings.ts')
  return openHouse(
    readSettings(['--data', data], {}, () => ''),
    () => {},
    Date.now(),
  )
}
