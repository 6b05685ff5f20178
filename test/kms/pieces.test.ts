// Parameters in pieces: what a client sends so counts, and a piece that nothing takes is refused, never ignored.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, describe, it } from 'node:test'
import { openTestHouse, type TestHouse } from '../house.ts'

const require = createRequire(import.meta.url)
// biome-ignore lint/suspicious/noExplicitAny: the client is CommonJS whose types describe another module system than the one it ships
const Kms = require('@alicloud/kms20160120') as any

/** The official Node client, which sends maps in pieces. */
function nodeClient({ endpoint, credentials }: TestHouse) {
  const { host } = new URL(endpoint)
  const config = { ...credentials, endpoint: host, protocol: 'HTTP', regionId: 'cn-hangzhou', type: 'access_key' }
  return new Kms.default(config)
}

describe('parameters in pieces', () => {
  let house: TestHouse
  let key: string
  before(async () => {
    house = await openTestHouse(null)
    // The client stamps its requests with the time of day.
    house.now = Date.now()
    key = (await house.must('CreateKey')).KeyMetadata.KeyId
  })
  after(() => house[Symbol.asyncDispose]())

  const encrypted = async (rest: Record<string, string>) =>
    (await house.must('Encrypt', { KeyId: key, Plaintext: 'x', ...rest })).CiphertextBlob as string
  const opens = (CiphertextBlob: string, rest: Record<string, string> = {}) =>
    house.outcome('Decrypt', { CiphertextBlob, ...rest })

  it('bind what the official Node client encrypts with a context to that context', async () => {
    const client = nodeClient(house)
    const encryptionContext = { order: '42', 'a.b': 'c' }
    const request = new Kms.EncryptRequest({ keyId: key, plaintext: 'secret', encryptionContext })
    const { ciphertextBlob } = await client.encrypt(request)
    assert.equal(await opens(ciphertextBlob), 'InvalidParameter')
    assert.equal(await opens(ciphertextBlob, { EncryptionContext: '{"order":"43","a.b":"c"}' }), 'InvalidParameter')
    assert.equal(await opens(ciphertextBlob, { EncryptionContext: '{"order":"42","a.b":"c"}' }), 'OK')
    const { plaintext } = await client.decrypt(new Kms.DecryptRequest({ ciphertextBlob, encryptionContext }))
    assert.equal(plaintext, 'secret')
  })

  it('say the same as the JSON', async () => {
    for (const [pieces, json] of [
      [{ 'EncryptionContext.b': '2', 'EncryptionContext.a': '1' }, '{"a":"1","b":"2"}'],
      [{ 'EncryptionContext.a.1': '' }, '{"a.1":""}'],
      [{ 'EncryptionContext.': 'v' }, '{"":"v"}'],
      [{ 'EncryptionContext.__proto__': 'v' }, '{"__proto__":"v"}'],
      [{ 'EncryptionContext.a': '1', EncryptionContext: '' }, '{"a":"1"}'],
    ] as const) {
      const blob = await encrypted(pieces as unknown as Record<string, string>)
      assert.equal(await opens(blob), 'InvalidParameter', json)
      assert.equal(await opens(blob, { EncryptionContext: json }), 'OK', json)
    }
  })

  it('count in every operation that has a context, and in the event', async () => {
    const context = { 'EncryptionContext.a': '1' }
    const { CiphertextBlob } = await house.must('GenerateDataKey', { KeyId: key, ...context })
    assert.equal(await opens(CiphertextBlob), 'InvalidParameter')
    const to = { 'SourceEncryptionContext.a': '1', 'DestinationEncryptionContext.b': '2' }
    const moved = await house.must('ReEncrypt', { CiphertextBlob, DestinationKeyId: key, ...to })
    assert.deepEqual((await house.events()).at(-1)?.['requestParameters'], { ...to, DestinationKeyId: key })
    assert.equal(await opens(moved.CiphertextBlob), 'InvalidParameter')
    assert.equal(await opens(moved.CiphertextBlob, { EncryptionContext: '{"b":"2"}' }), 'OK')
  })

  it('are refused beside the whole', async () => {
    const both = { EncryptionContext: '{"a":"1"}', 'EncryptionContext.a': '1' }
    const { body } = await house.call('Encrypt', { KeyId: key, Plaintext: 'x', ...both })
    assert.deepEqual([body.Code, /"EncryptionContext"/.test(body.Message)], ['InvalidParameter', true])
  })

  it('are refused where nothing takes them, and named', async () => {
    const tags = { RegionId: 'cn-hangzhou', ResourceType: 'key', 'ResourceId.1': key, 'Tag.1.Key': 'a' }
    for (const [action, parameters, piece] of [
      ['Encrypt', { KeyId: key, Plaintext: 'x' }, 'Plaintext.1'],
      ['DescribeKey', { KeyId: key }, 'KeyId.EncryptionContext'],
      ['TagResources', tags, 'ResourceId.x'],
      ['TagResources', tags, 'Tag.1'],
      ['TagResources', tags, 'Tag.1.key'],
      ['TagResources', tags, 'Tag.01.Key'],
      ['TagResources', tags, 'Tag.1.Key.x'],
    ] as const) {
      const { body } = await house.call(action, { ...parameters, [piece]: 'v' })
      assert.deepEqual([piece, body.Code], [piece, 'InvalidParameter'])
      assert.ok(body.Message.includes(`"${piece}"`), body.Message)
    }
    assert.equal(await house.outcome('DescribeKey', { KeyId: key, 'Unknown.x': 'v', 'constructor.x': 'v' }), 'OK')
  })

  it('are as many as the operation takes', async () => {
    const call = (ids: number, tags: number) =>
      house.outcome('TagResources', {
        RegionId: 'cn-hangzhou',
        ResourceType: 'key',
        ...Object.fromEntries(Array.from({ length: ids }, (_, i) => [`ResourceId.${i + 1}`, key])),
        ...Object.fromEntries(Array.from({ length: tags }, (_, i) => [`Tag.${i + 1}.Key`, `t${i}`])),
      })
    assert.equal(await call(50, 20), 'OK')
    assert.equal(await call(51, 20), 'InvalidParameter')
    assert.equal(await call(50, 41), 'InvalidParameter')
  })
})
