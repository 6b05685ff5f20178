// The official clients, unmodified, against the real program: only the endpoint differs from the cloud's.
import assert from 'node:assert/strict'
import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { exportTo, rsaPair, unwrapExported } from '../kms/export.ts'
import { type PostgresqlServer, startPostgresql } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'
import { type Program, removeFolder, startProgram } from './program.ts'

// The clients are CommonJS whose types describe another module system than the one they ship.
const require = createRequire(import.meta.url)
type Client = { [method: string]: (...args: unknown[]) => Promise<Body> }
// biome-ignore lint/suspicious/noExplicitAny: an answer has the shape that its test asserts
type Body = any
type Constructor = new (config: unknown) => Client
const PopCore = require('@alicloud/pop-core') as Constructor
const Kms = require('@alicloud/kms20160120') as Record<string, Constructor> & { default: Constructor }
const OpenApi = require('@alicloud/openapi-client') as Record<string, Constructor> & { default: Constructor }
const { RuntimeOptions } = require('@alicloud/tea-util') as Record<string, Constructor>

function made(Class: Constructor | undefined, fields: unknown): Client {
  assert.ok(Class)
  return new Class(fields)
}

/** One client's way of calling: parameters in, the answer's members out, whatever their spelling. */
type Call = (action: string, parameters?: Record<string, string>) => Promise<Body>

function popCore({ endpoint, credentials }: Program, method: 'GET' | 'POST'): Call {
  const client = made(PopCore, { ...credentials, endpoint, apiVersion: '2016-01-20', opts: { timeout: 10_000 } })
  return (action, parameters = {}) => (client['request'] as Client[string])(action, parameters, { method })
}

/** kms20160120 has a method and a request class for each operation, with lower-case members. */
function kmsClient({ endpoint, credentials }: Program): Call {
  const { host, protocol } = new URL(endpoint)
  const lower = (name: string) => name.charAt(0).toLowerCase() + name.slice(1)
  const config = {
    ...credentials,
    endpoint: host,
    protocol: protocol.slice(0, -1).toUpperCase(),
    regionId: 'cn-hangzhou',
    type: 'access_key',
  }
  const client = made(Kms.default, config)
  return async (action, parameters = {}) => {
    const members = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [lower(name), value]))
    const answer = await client[lower(action)]?.(made(Kms[`${action}Request`], members))
    return capitalized(answer)
  }
}

function capitalized(value: Body): Body {
  if (Array.isArray(value)) return value.map(capitalized)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name.charAt(0).toUpperCase() + name.slice(1), capitalized(inner)]),
  )
}

function openApi(
  { endpoint, credentials }: { readonly endpoint: string; readonly credentials: object },
  options: { method: string; form: boolean; algorithm?: string },
): Call {
  const { host, protocol } = new URL(endpoint)
  const config = made(OpenApi['Config'], {
    ...credentials,
    endpoint: host,
    protocol: protocol.slice(0, -1).toUpperCase(),
    ...(options.algorithm ? { signatureAlgorithm: options.algorithm } : {}),
  })
  const client = made(OpenApi.default, config)
  return async (action, parameters = {}) => {
    const params = made(OpenApi['Params'], {
      action,
      version: '2016-01-20',
      protocol: protocol.slice(0, -1).toUpperCase(),
      pathname: '/',
      method: options.method,
      authType: 'AK',
      style: 'RPC',
      reqBodyType: options.form ? 'formData' : 'json',
      bodyType: 'json',
    })
    const request = made(OpenApi['OpenApiRequest'], options.form ? { body: parameters } : { query: parameters })
    const answer = await client['callApi']?.(params, request, made(RuntimeOptions, {}))
    return answer.body
  }
}

const clients: [string, (program: Program) => Call][] = [
  ['pop-core with GET', (program) => popCore(program, 'GET')],
  ['pop-core with POST', (program) => popCore(program, 'POST')],
  ['kms20160120', kmsClient],
  ['openapi-client (ACS3-HMAC-SHA256)', (program) => openApi(program, { method: 'POST', form: false })],
  ['openapi-client with GET', (program) => openApi(program, { method: 'GET', form: false })],
  ['openapi-client with a form', (program) => openApi(program, { method: 'POST', form: true })],
  [
    'openapi-client with SM3',
    (program) => openApi(program, { method: 'POST', form: true, algorithm: 'ACS3-HMAC-SM3' }),
  ],
  ['openapi-client with signature 1.0', (program) => openApi(program, { method: 'POST', form: true, algorithm: 'v2' })],
]

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'OK'
  } catch (error) {
    // kms20160120 puts the word Error behind every code.
    return String((error as { code?: string }).code).replace(/Error$/, '')
  }
}

/** What an application does in its life: make a key, name and tag it, use it, import into another, schedule its end. */
async function lifeOfAKey(call: Call): Promise<void> {
  const { KeyMetadata } = await call('CreateKey', { Description: "a b+c*d~e/f=g&h%i!'() 密钥 🔑" })
  const KeyId: string = KeyMetadata.KeyId
  assert.equal(KeyMetadata.Description, "a b+c*d~e/f=g&h%i!'() 密钥 🔑")
  const AliasName = `alias/${KeyId}`
  await call('CreateAlias', { KeyId, AliasName })
  await call('TagResource', { KeyId, Tags: '[{"TagKey":"Project","TagValue":"Apollo"}]' })
  const [tag] = (await call('ListResourceTags', { KeyId })).Tags.Tag
  assert.deepEqual({ ...tag }, { KeyId, TagKey: 'Project', TagValue: 'Apollo' })
  assert.equal((await call('ListAliasesByKeyId', { KeyId })).Aliases.Alias[0].AliasName, AliasName)
  assert.ok((await call('ListKeys', { PageSize: '100' })).TotalCount >= 1)
  assert.ok((await call('ListAliases', { PageNumber: '1' })).TotalCount >= 1)
  assert.ok((await call('DescribeRegions')).Regions.Region.length > 1)

  const EncryptionContext = '{"order":"42"}'
  const encrypted = await call('Encrypt', { KeyId: AliasName, Plaintext: 'plaintext', EncryptionContext })
  const { CiphertextBlob } = encrypted
  assert.equal(encrypted.KeyId, KeyId)
  assert.equal((await call('Decrypt', { CiphertextBlob, EncryptionContext })).Plaintext, 'plaintext')
  assert.equal(await codeOf(call('Decrypt', { CiphertextBlob })), 'InvalidParameter')
  const dataKey = await call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' })
  assert.equal((await call('Decrypt', { CiphertextBlob: dataKey.CiphertextBlob })).Plaintext, dataKey.Plaintext)

  await call('DisableKey', { KeyId })
  assert.equal(await codeOf(call('Decrypt', { CiphertextBlob, EncryptionContext })), 'Rejected.Disabled')
  await call('EnableKey', { KeyId })
  await call('UntagResource', { KeyId, TagKeys: '["Project"]' })
  await call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' })
  assert.equal((await call('DescribeKey', { KeyId })).KeyMetadata.KeyState, 'PendingDeletion')
  await call('CancelKeyDeletion', { KeyId })
  const second = (await call('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata.KeyId
  await call('UpdateAlias', { AliasName, KeyId: second })
  await call('DeleteAlias', { AliasName })
  await importOwnMaterial(call, second)
  assert.equal(await codeOf(call('DescribeKey', { KeyId: AliasName })), 'Forbidden.AliasNotFound')
}

/** Versions, rotation, descriptions: what the client of 2019 knows as well. */
async function versionsOfAKey(call: Call): Promise<void> {
  const policy = { EnableAutomaticRotation: 'true', RotationInterval: '7d' }
  const { KeyMetadata } = await call('CreateKey', policy)
  const { KeyId, PrimaryKeyVersion: KeyVersionId } = KeyMetadata
  assert.deepEqual([KeyMetadata.AutomaticRotation, KeyMetadata.RotationInterval], ['Enabled', '604800s'])
  await call('UpdateRotationPolicy', { KeyId, EnableAutomaticRotation: 'true', RotationInterval: '730d' })
  await call('UpdateKeyDescription', { KeyId, Description: 'described later' })
  const described = (await call('DescribeKey', { KeyId })).KeyMetadata
  assert.deepEqual([described.RotationInterval, described.Description], ['63072000s', 'described later'])
  const { KeyVersions } = await call('ListKeyVersions', { KeyId, PageNumber: '1', PageSize: '10' })
  assert.equal(KeyVersions.KeyVersion[0].KeyVersionId, KeyVersionId)
  const { KeyVersion } = await call('DescribeKeyVersion', { KeyId, KeyVersionId })
  assert.equal(KeyVersion.CreationDate, KeyMetadata.CreationDate)
  assert.equal((await call('DescribeService')).KeySpecs.KeySpec[0].Name, KeyMetadata.KeySpec)
  assert.equal(await codeOf(call('CreateKeyVersion', { KeyId })), 'Rejected.UnsupportedOperation')
  const { CiphertextBlob } = await call('GenerateDataKeyWithoutPlaintext', { KeyId, NumberOfBytes: '16' })
  assert.equal(Buffer.from((await call('Decrypt', { CiphertextBlob })).Plaintext, 'base64').length, 16)
}

/** What came after the client of 2019: generic clients call it by name. */
async function laterOperations(call: Call): Promise<void> {
  const { KeyId } = (await call('CreateKey')).KeyMetadata
  const { CiphertextBlob, Plaintext } = await call('GenerateDataKey', { KeyId })
  const moved = await call('ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId })
  assert.equal((await call('Decrypt', { CiphertextBlob: moved.CiphertextBlob })).Plaintext, Plaintext)
  const { publicKey, privateKey } = rsaPair()
  const { ExportedDataKey } = await call('ExportDataKey', { CiphertextBlob, ...exportTo(publicKey) })
  assert.equal(unwrapExported(privateKey, ExportedDataKey).toString('base64'), Plaintext)
  await call('GenerateAndExportDataKey', { KeyId, ...exportTo(publicKey) })
  const resource = { RegionId: 'cn-hangzhou', ResourceType: 'key', 'ResourceId.1': KeyId }
  await call('TagResources', { ...resource, 'Tag.1.Key': 'Project', 'Tag.1.Value': 'Apollo' })
  const { TagResources, NextToken } = await call('ListTagResources', resource)
  assert.deepEqual([TagResources.TagResource[0].TagValue, NextToken], ['Apollo', ''])
  await call('UntagResources', { ...resource, 'TagKey.1': 'Project' })
  const ProtectedResourceArn = (await call('DescribeKey', { KeyId })).KeyMetadata.Arn
  await call('SetDeletionProtection', { ProtectedResourceArn, EnableDeletionProtection: 'true' })
  assert.equal(await codeOf(call('ScheduleKeyDeletion', { KeyId })), 'Rejected.StateModifiedFailed')
  assert.equal((await call('DescribeAccountKmsStatus')).AccountStatus, 'Enabled')
  assert.equal(await codeOf(call('OpenKmsService')), 'Forbidden.Opened')
}

async function importOwnMaterial(call: Call, KeyId: string): Promise<void> {
  const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
  const { PublicKey, ImportToken } = await call('GetParametersForImport', { KeyId, ...wrapping })
  const key = createPublicKey({ key: Buffer.from(PublicKey, 'base64'), format: 'der', type: 'spki' })
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  const EncryptedKeyMaterial = publicEncrypt({ key, ...padding }, randomBytes(32)).toString('base64')
  const KeyMaterialExpireUnix = String(Math.floor(Date.now() / 1000) + 3600)
  await call('ImportKeyMaterial', { KeyId, ImportToken, EncryptedKeyMaterial, KeyMaterialExpireUnix })
  const { CiphertextBlob } = await call('Encrypt', { KeyId, Plaintext: 'mine' })
  assert.equal((await call('Decrypt', { CiphertextBlob })).Plaintext, 'mine')
  await call('DeleteKeyMaterial', { KeyId })
  assert.equal(await codeOf(call('Decrypt', { CiphertextBlob })), 'Rejected.PendingImport')
}

function suite(flags: () => readonly string[]): void {
  let program: Program
  before(async () => {
    program = await startProgram({ flags: flags() })
  })
  after(async () => {
    assert.equal(await program.stop(), 0)
    removeFolder(program.data)
  })
  for (const [name, client] of clients)
    it(`serves the life of a key to ${name}`, async () => {
      const call = client(program)
      await lifeOfAKey(call)
      await versionsOfAKey(call)
      if (name !== 'kms20160120') await laterOperations(call)
    })

  it('refuses the mistakes of a client with the codes of the cloud', async () => {
    const call = popCore(program, 'POST')
    assert.equal(await codeOf(call('DescribeKey', { KeyId: 'nope' })), 'Forbidden.KeyNotFound')
    assert.equal(await codeOf(call('NoSuchAction')), 'InvalidAction.NotFound')
    const wrong = popCore({ ...program, credentials: { ...program.credentials, accessKeySecret: 'wrong' } }, 'POST')
    assert.equal(await codeOf(wrong('ListKeys')), 'SignatureDoesNotMatch')
    const unknown = popCore({ ...program, credentials: { ...program.credentials, accessKeyId: 'LTAInobody' } }, 'POST')
    assert.equal(await codeOf(unknown('ListKeys')), 'InvalidAccessKeyId.NotFound')
  })

  it('refuses a client with a bearer token or an identity token', async () => {
    for (const credentials of [
      { type: 'bearer', bearerToken: 'token' },
      { credential: { getCredential: () => ({ type: 'id_token', securityToken: 'token' }) } },
    ])
      for (const algorithm of ['ACS3-HMAC-SHA256', 'v2']) {
        const call = openApi({ ...program, credentials }, { method: 'POST', form: false, algorithm })
        assert.equal(await codeOf(call('ListKeys')), 'IncompleteSignature', `${credentials.type} ${algorithm}`)
      }
  })

  it('logged nothing secret', () => {
    const { accessKeySecret } = program.credentials
    const [, afterWelcome = ''] = program.log().split('try: bin/strongroom')
    assert.equal(afterWelcome.includes(accessKeySecret), false)
    assert.equal(afterWelcome.includes('plaintext'), false)
  })
}

describe('official clients, on SQLite', () => suite(() => []))

describe('official clients, on PostgreSQL', () => {
  let server: PostgresqlServer
  before(async () => {
    server = await startPostgresql()
  })
  after(() => server[Symbol.asyncDispose]())
  suite(() => ['--database', server.database()])
})

describe('an official client that calls too often', () => {
  it("gets the cloud's refusal, and is served again a moment later", async () => {
    const program = await startProgram({ flags: ['--quota-profile', 'alibaba-shared'] })
    try {
      for (const client of [popCore(program, 'POST'), kmsClient(program)]) {
        const codes = new Set<string>()
        await until(async () => {
          const burst = Array.from({ length: 40 }, () => codeOf(client('CreateKey')))
          for (const code of await Promise.all(burst)) codes.add(code)
          return codes.size > 1
        })
        assert.deepEqual(codes, new Set(['OK', 'Rejected.Throttling']))
        await until(async () => (await codeOf(client('CreateKey'))) === 'OK')
      }
    } finally {
      await program.stop()
      removeFolder(program.data)
    }
  })
})

describe('HTTPS with the local CA', () => {
  it('is trusted by clients that have ca.pem, and by no others', async () => {
    const program = await startProgram({ flags: ['--tls', 'self-signed'] })
    const ca = readFileSync(join(program.data, 'tls/ca.pem'), 'utf8')
    assert.match(program.endpoint, /^https:/)
    const { host } = new URL(program.endpoint)
    const client = (trust: Record<string, string>) =>
      made(
        OpenApi.default,
        made(OpenApi['Config'], { ...program.credentials, endpoint: host, protocol: 'HTTPS', ...trust }),
      )
    const params = made(OpenApi['Params'], {
      action: 'ListKeys',
      version: '2016-01-20',
      protocol: 'HTTPS',
      pathname: '/',
      method: 'POST',
      authType: 'AK',
      style: 'RPC',
      reqBodyType: 'json',
      bodyType: 'json',
    })
    const ask = (trust: Record<string, string>) =>
      client(trust)['callApi']?.(params, made(OpenApi['OpenApiRequest'], {}), made(RuntimeOptions, {}))
    assert.equal((await ask({ ca }))?.body.TotalCount, 0)
    await assert.rejects(async () => ask({}), /self.signed|unable to verify|certificate/i)
    await program.stop()
    removeFolder(program.data)
  })
})
