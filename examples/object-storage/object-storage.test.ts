import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { removeFolder, temporaryFolder } from '../../test/acceptance/program.ts'
import { filesBelow } from '../../test/actiontrail/trails.ts'
import { openTestHouse, type TestHouse } from '../../test/house.ts'
import { connect } from '../kms.ts'
import { gateway, keyOfBucket } from './gateway.ts'
import type { Server } from './s3rver.ts'

const SEGMENTS = 200_000
const Bucket = 'photos'

describe('examples/object-storage', () => {
  const folder = temporaryFolder()
  let house: TestHouse
  let server: Server
  let s3: S3Client
  let key: string
  before(async () => {
    house = await openTestHouse(null)
    // The SDK stamps its requests with the real time.
    house.now = Date.now()
    for (const bucket of [Bucket, 'copies']) {
      mkdirSync(join(folder, bucket))
      key = (await house.must('CreateKey')).KeyMetadata.KeyId
      await house.must('CreateAlias', { KeyId: key, AliasName: keyOfBucket(bucket) })
    }
    key = (await house.must('DescribeKey', { KeyId: keyOfBucket(Bucket) })).KeyMetadata.KeyId
    server = gateway(folder, 0, connect({ ...house.credentials, endpoint: house.endpoint }))
    const { port } = await server.run()
    s3 = new S3Client({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
      maxAttempts: 1,
      // s3rver does not support checksums in trailers.
      requestChecksumCalculation: 'WHEN_REQUIRED',
    })
  })
  after(async () => {
    s3.destroy()
    await server.close()
    await house[Symbol.asyncDispose]()
    removeFolder(folder)
  })

  const bytesOf = async (bucket: string, Key: string, Range?: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key, ...(Range ? { Range } : {}) }))
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }

  it('gives a client what it stored, and has it sealed in the folder', async () => {
    const Body = Buffer.concat([Buffer.from('canary'), randomBytes(SEGMENTS), Buffer.from('canary')])
    await s3.send(new PutObjectCommand({ Bucket, Key: 'cats/tom.jpg', Body, Metadata: { owner: 'ann' } }))
    await s3.send(new PutObjectCommand({ Bucket, Key: 'empty', Body: Buffer.alloc(0) }))
    assert.deepEqual(await bytesOf(Bucket, 'cats/tom.jpg'), Body)
    assert.deepEqual(await bytesOf(Bucket, 'cats/tom.jpg', 'bytes=65530-131080'), Body.subarray(65_530, 131_081))
    assert.deepEqual(await bytesOf(Bucket, 'empty'), Buffer.alloc(0))
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'cats/tom.jpg' }))
    assert.deepEqual([head.ContentLength, head.Metadata], [Body.length, { owner: 'ann' }])
    for (const file of filesBelow(folder))
      assert.equal(readFileSync(join(folder, file)).includes('canary'), false, file)
  })

  it('seals parts of an upload, and a copy under the key of its own bucket', async () => {
    const parts = [randomBytes(SEGMENTS), Buffer.from('the end')]
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'film' }))
    const Parts = []
    for (const [index, Body] of parts.entries()) {
      const PartNumber = index + 1
      const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key: 'film', UploadId, PartNumber, Body }))
      Parts.push({ ETag, PartNumber })
    }
    for (const file of filesBelow(folder))
      assert.equal(readFileSync(join(folder, file)).includes('the end'), false, file)
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'film', UploadId, MultipartUpload: { Parts } }))
    assert.deepEqual(await bytesOf(Bucket, 'film'), Buffer.concat(parts))
    await s3.send(new CopyObjectCommand({ Bucket: 'copies', Key: 'film', CopySource: `${Bucket}/film` }))
    assert.deepEqual(await bytesOf('copies', 'film'), Buffer.concat(parts))
  })

  it('fails as a whole, with a code, once the owner disabled the CMK; other buckets go on', async () => {
    await house.must('DisableKey', { KeyId: key })
    const denied = ({ name }: Error) => name === 'AccessDenied'
    await assert.rejects(bytesOf(Bucket, 'film'), denied)
    await assert.rejects(s3.send(new PutObjectCommand({ Bucket, Key: 'new', Body: 'x' })), denied)
    assert.ok((await bytesOf('copies', 'film')).length > 0)
    await house.must('EnableKey', { KeyId: key })
    assert.ok((await bytesOf(Bucket, 'film')).length > 0)
  })

  it('takes no object for another, and none that was altered', async () => {
    const [one, other] = ['one', 'other']
    for (const Key of [one, other]) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
    const path = (name: string) => server.store.getResourcePath(Bucket, name, 'object')
    copyFileSync(path(other), path(one))
    await assert.rejects(bytesOf(Bucket, one))
  })
})
