// Spans of calls, as a collector gets them, and what it never gets.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Tracing } from '../../src/house/tracing.ts'
import type { Keystore } from '../../src/keystore/keystore.ts'
import type { VersionPlace } from '../../src/keystore/version-place.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { signedForm } from '../acceptance/raw.ts'
import { Collector, SERVER, type SentSpan } from '../collector.ts'
import { TestHouse } from '../house.ts'

const attributesOf = ({ attributes }: SentSpan) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'

describe('a server with a collector of traces', () => {
  const collector = new Collector()
  let house: TestHouse
  let requestId = ''
  before(async () => {
    house = await new TestHouse(null, ['--traces-endpoint', await collector.start()], {}).start()
    const { KeyId } = (await house.call('CreateKey', { Description: 'canary-description' })).body.KeyMetadata
    const plaintext = Buffer.from('canary-plaintext').toString('base64')
    const { body } = await house.call('Encrypt', { KeyId, Plaintext: plaintext, EncryptionContext: '{"a":"canary"}' })
    requestId = body.RequestId
    await house.call('DescribeKey', { KeyId: 'canary-key' })
    const traced = { traceparent: `00-${TRACE}-${PARENT}-01` }
    const send = (secret: string, headers: Readonly<Record<string, string>>) =>
      fetch(house.endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: signedForm({ Action: 'ListKeys' }, { ...house.credentials, accessKeySecret: secret }, { now: house.now }),
      })
    assert.equal((await send(house.credentials.accessKeySecret, traced)).status, 200)
    assert.notEqual((await send('wrong', traced)).status, 200)
    assert.equal(
      (await send(house.credentials.accessKeySecret, { traceparent: `00-${'x'.repeat(10_000)}` })).status,
      200,
    )
    await house.open.tracer?.stop()
  })
  after(async () => {
    await house.stop()
    collector[Symbol.dispose]()
  })

  const calls = () => collector.spans.filter(({ kind }) => kind === SERVER)

  it('sends a span of each call of a known caller: operation, outcome, RequestId and account', () => {
    const named = calls().map((span) => [span.name, attributesOf(span)['strongroom.outcome']])
    assert.deepEqual(named, [
      ['Kms/CreateKey', 'OK'],
      ['Kms/Encrypt', 'OK'],
      ['Kms/DescribeKey', 'Forbidden.KeyNotFound'],
      ['Kms/ListKeys', 'OK'],
      ['Kms/ListKeys', 'OK'],
    ])
    const [, encrypt] = calls()
    assert.ok(encrypt)
    const attributes = attributesOf(encrypt)
    assert.deepEqual(Object.keys(attributes).toSorted(), [
      'rpc.method',
      'rpc.service',
      'strongroom.account',
      'strongroom.database.ms',
      'strongroom.hsm.ms',
      'strongroom.outcome',
      'strongroom.request_id',
    ])
    assert.equal(attributes['strongroom.request_id'], requestId)
    assert.equal(attributes['strongroom.account'], house.credentials.accountId)
    assert.ok(Number(attributes['strongroom.database.ms']) > 0)
    assert.equal(attributes['strongroom.hsm.ms'], 0)
  })

  it('has the waits for the database under it, within its time', () => {
    for (const call of calls()) {
      const waits = collector.spans.filter(({ parentSpanId }) => parentSpanId === call.spanId)
      assert.ok(waits.some(({ name }) => name === 'database commit') || call.name === 'Kms/ListKeys', call.name)
      for (const wait of waits) {
        assert.match(wait.name, /^database [a-zA-Z]+$/)
        assert.equal(wait.traceId, call.traceId)
        assert.ok(BigInt(wait.startTimeUnixNano) >= BigInt(call.startTimeUnixNano))
        assert.ok(BigInt(wait.endTimeUnixNano) <= BigInt(call.endTimeUnixNano))
      }
    }
  })

  it("continues a known caller's trace, and no stranger's", () => {
    const continued = collector.spans.filter(({ traceId }) => traceId === TRACE)
    const [call, ...others] = continued.filter(({ kind }) => kind === SERVER)
    assert.equal(call?.parentSpanId, PARENT)
    assert.deepEqual(others, [])
  })

  it('tells nothing of what requests hold', () => {
    const sent = collector.bodies.join('\n')
    assert.ok(sent.includes(requestId))
    assert.equal(/canary/i.test(sent), false)
    assert.equal(sent.includes(Buffer.from('canary-plaintext').toString('base64')), false)
    assert.equal(sent.includes(house.credentials.accessKeyId), false)
    assert.equal(sent.includes(house.credentials.accessKeySecret), false)
  })
})

describe('traces', () => {
  const untold = (_: unknown, message: string) => assert.fail(message)
  const operation = { name: 'Encrypt', product: { name: 'Kms' } }
  const call = { operation, outcome: 'OK', requestId: 'r', account: '1', traceparent: '' } as const

  it('have the time in the HSM, and the spans of 32 waits at most', async () => {
    const collector = new Collector()
    try {
      const tracing = new Tracing({ url: await collector.start() }, { warn: untold, info: untold }, SYSTEM)
      const device = { generate: () => SYSTEM.turn().then(() => '') } as unknown as Keystore
      const generate = (protectionLevel: string) =>
        tracing.keystore(device).generate({ protectionLevel } as VersionPlace)
      await tracing.following(async () => {
        await generate('SOFTWARE')
        for (let i = 0; i < 40; i++) await generate('HSM')
        tracing.traced(call)
      })
      await tracing.stop()
      const [server, ...waits] = collector.spans.toSorted((a, b) => a.kind - b.kind)
      assert.ok(server && Number(attributesOf(server)['strongroom.hsm.ms']) > 0)
      assert.deepEqual(
        waits.map(({ name }) => name),
        Array.from({ length: 32 }, () => 'hsm generate'),
      )
    } finally {
      collector[Symbol.dispose]()
    }
  })

  it('that the collector does not take are told once, and again when it takes some', async () => {
    const collector = new Collector()
    const told: string[] = []
    const log = {
      warn: (_: unknown, message: string) => void told.push(message),
      info: (_: unknown, message: string) => void told.push(message),
    }
    try {
      const tracing = new Tracing({ url: await collector.start() }, log, SYSTEM)
      for (const status of [400, 400, 200, 200]) {
        collector.status = status
        await tracing.following(async () => tracing.traced(call))
        // The SDK reports that it failed to send; that is what this test is about.
        await tracing.flush().catch(() => {})
      }
      await tracing.stop()
      assert.deepEqual(told, [
        'spans are lost: the collector does not accept them',
        'the collector accepts spans again',
      ])
    } finally {
      collector[Symbol.dispose]()
    }
  })

  it('have their variables, such as the headers for the collector, kept from the library of an HSM', () => {
    const env = { STRONGROOM_HSM_PIN: '1234', OTEL_EXPORTER_OTLP_HEADERS: 'authorization=canary', VENDOR: 'x' }
    const { hsm } = readSettings(['--hsm-module', 'lib.so', '--hsm-token', 't'], env, () => '')
    assert.deepEqual(hsm?.environment, { VENDOR: 'x' })
  })

  it('are sent where the flag says, or the variables of OpenTelemetry', () => {
    const urlOf = (env: Record<string, string>, ...flags: string[]) =>
      readSettings(flags, env, () => '').traces?.url ?? null
    assert.equal(urlOf({}), null)
    assert.equal(urlOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }), 'http://c:4318/v1/traces')
    assert.equal(urlOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' }), 'http://c:4318/v1/traces')
    const both = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://t/own' }
    assert.equal(urlOf(both), 'http://t/own')
    assert.equal(urlOf(both, '--traces-endpoint', 'https://f/v1/traces'), 'https://f/v1/traces')
    assert.equal(urlOf({ ...both, OTEL_SDK_DISABLED: 'true' }), null)
    assert.equal(urlOf({ ...both, OTEL_TRACES_EXPORTER: 'none' }), null)
    for (const wrong of ['c:4318', 'grpc://c:4317', 'http:'])
      assert.throws(
        () => urlOf({}, '--traces-endpoint', wrong),
        /`traces-endpoint` must be a URL that begins with http/,
      )
  })
})
