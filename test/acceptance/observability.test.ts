// What the program tells of itself, and that nothing secret is among it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { products } from '../../src/gateway/products.ts'
import { openStorage } from '../../src/storage/open.ts'
import { call, type Program, removeFolder, startProgram } from './program.ts'
import { Connection } from './raw.ts'

let program: Program
before(async () => {
  program = await startProgram({ flags: ['--metrics-listen', '127.0.0.1:0', '--log-level', 'debug'] })
})
after(async () => {
  await program.stop()
  removeFolder(program.data)
})

async function metrics(): Promise<string> {
  const answer = await fetch(program.metrics ?? '')
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  return answer.text()
}

const seriesValue = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1) ?? Number.NaN,
  )

describe('the version', () => {
  it('is in the first line of the log, in a metric and at /healthz', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    assert.equal(JSON.parse(program.log().split('\n')[0] ?? '').version, version)
    assert.equal(seriesValue(await metrics(), `strongroom_build_info{version="${version}"}`), 1)
    const health = await fetch(`${program.endpoint}/healthz`)
    assert.deepEqual(await health.json(), { status: 'ok', version })
  })
})

describe('/metrics', () => {
  it('counts calls by operation and outcome, on a port of its own', async () => {
    await program.call('CreateKey')
    await program.call('DescribeKey', { KeyId: 'none' })
    await program.call('DescribeKey', { KeyId: 'none' })
    const text = await metrics()
    const calls = (operation: string, outcome: string) =>
      seriesValue(text, `strongroom_calls_total{product="Kms",operation="${operation}",outcome="${outcome}"}`)
    assert.equal(calls('CreateKey', 'OK'), 1)
    assert.equal(calls('DescribeKey', 'Forbidden.KeyNotFound'), 2)
    assert.equal(seriesValue(text, 'strongroom_call_seconds_count{product="Kms"}'), 3)
    assert.equal(seriesValue(text, 'strongroom_trail_events'), 3)
    assert.match(text, /^process_resident_memory_bytes \d+/m)
    assert.equal((await fetch(`${program.endpoint}/metrics`)).status, 404)
    assert.equal((await fetch((program.metrics ?? '').replace('/metrics', '/other'))).status, 404)
  })
})

describe('requests whose caller is not known', () => {
  it('are counted, leave no event, and only a few are logged at a time', async () => {
    const before = seriesValue(await metrics(), 'strongroom_trail_events')
    const stranger = { accessKeyId: 'LTAIstranger', accessKeySecret: 'canary-stranger' }
    for (let i = 0; i < 50; i++)
      await call(
        program.endpoint,
        i % 2 ? stranger : { ...program.credentials, accessKeySecret: 'x' },
        'CreateKey',
        {},
        Date.now(),
      )
    const raw = await Connection.open(program.endpoint)
    await raw.send('this is not HTTP\r\n\r\n')
    const text = await metrics()
    // The second is the former name.
    for (const name of ['strongroom_unauthenticated_requests_total', 'strongroom_strangers_total']) {
      const refused = (code: string) => seriesValue(text, `${name}{code="${code}"}`)
      assert.equal(refused('InvalidAccessKeyId.NotFound'), 25)
      assert.equal(refused('SignatureDoesNotMatch'), 25)
      assert.equal(refused('ParseRequestParameterException'), 1)
    }
    assert.equal(seriesValue(text, 'strongroom_trail_events'), before)
    const lines = program
      .log()
      .split('\n')
      .filter((line) => line.includes('unauthenticated request refused'))
    assert.equal(lines.length, 10)
    assert.match(lines[0] ?? '', /"code":"[A-Za-z.]+","sourceAddress":"127\.0\.0\.1"/)
  })
})

describe('canaries', () => {
  it('planted in every parameter of every operation show in no log and no metric, and in events only where they may', async () => {
    const secrets = new Set<string>()
    for (const { version, operations } of products)
      for (const operation of operations.values()) {
        const names = Object.keys(operation.parameters)
        const canary = (name: string) => `canary-${operation.name}-${name}-end`
        for (const name of [...names, 'UnknownMember'])
          if (!operation.trail?.show.includes(name)) secrets.add(canary(name))
        const planted = Object.fromEntries([...names, 'UnknownMember'].map((name) => [name, canary(name)]))
        // All at once, and each alone: validation stops at the first that is wrong.
        for (const parameters of [
          planted,
          ...names.map((name) => ({ [name]: canary(name), UnknownMember: canary('UnknownMember') })),
        ])
          await program.call(operation.name, { Version: version, ...parameters })
      }
    const { body } = await program.call('CreateKey')
    const KeyId: string = body.KeyMetadata.KeyId
    const { CiphertextBlob } = (await program.call('Encrypt', { KeyId, Plaintext: 'canary-real-plaintext' })).body
    await program.call('Decrypt', { CiphertextBlob })
    await program.call('Decrypt', { CiphertextBlob, EncryptionContext: '{"a":"wrong"}' })
    const dataKey = (await program.call('GenerateDataKey', { KeyId })).body
    const user = { Version: '2015-05-01', UserName: 'watched' }
    await program.call('CreateUser', user)
    const { AccessKey } = (await program.call('CreateAccessKey', user)).body
    await program.call('CreateLoginProfile', { ...user, Password: 'Canary-password-1' })
    const watched = { SecretName: 'watched', VersionId: 'v1' }
    await program.call('CreateSecret', { ...watched, SecretData: 'canary-real-value', EncryptionKeyId: KeyId })
    assert.equal((await program.call('GetSecretValue', watched)).body.SecretData, 'canary-real-value')
    await program.call('PutSecretValue', { ...watched, SecretData: 'canary-other-value' })
    await program.call('PutSecretValue', { ...watched, SecretData: `canary-long-value${'x'.repeat(31_000)}` })
    for (const secret of [
      'canary-real-value',
      'canary-other-value',
      'canary-long-value',
      CiphertextBlob,
      dataKey.Plaintext,
      dataKey.CiphertextBlob,
      AccessKey.AccessKeySecret,
      'Canary-password-1',
      'canary-real-plaintext',
      program.credentials.accessKeySecret,
    ])
      secrets.add(secret)

    const storage = await openStorage(join(program.data, 'strongroom.db'))
    const events = JSON.stringify(await storage.events.after(0, 100_000))
    await storage.close()
    assert.ok(secrets.size > 50)
    for (const secret of secrets) assert.equal(events.includes(secret), false, `an event shows ${secret}`)
    assert.ok(events.includes('canary-CreateKey-Description-end'), 'what may be shown is')
    // The first start's welcome, which shows the new credentials once, is no line of the log.
    const log = program
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    for (const [where, text] of [
      ['the log', log.join('\n')],
      ['the metrics', await metrics()],
    ] as const) {
      assert.equal(/canary/i.test(text), false, `${where} shows a canary`)
      for (const secret of secrets) assert.equal(text.includes(secret), false, where)
    }
  })
})
