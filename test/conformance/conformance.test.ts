// The suite against the service, against the service with defects planted, and the promises that its runner makes to other people's accounts.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { MACHINE, suiteIn } from '../../src/cli/conformance.ts'
import { type Case, CaseError, readSuite, type Suite } from '../../src/conformance/case.ts'
import { OPTIONAL_GROUPS, planOf } from '../../src/conformance/plan.ts'
import { jsonReport, textReport, verdictOf } from '../../src/conformance/report.ts'
import { type Ran, runSuite } from '../../src/conformance/run.ts'
import type { Options } from '../../src/conformance/steps.ts'
import { products } from '../../src/gateway/products.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { runHere } from '../acceptance/line.ts'
import { startProgram } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { times } from '../size.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PAGE = readFileSync(`${ROOT}docs/conformance.md`, 'utf8')
const suite = suiteIn(`${ROOT}conformance/`)
let house: TestHouse

before(async () => {
  // Cases hold RSA pairs against each other, and run at the same time.
  house = await openTestHouse(null, [], { runtime: SYSTEM })
})
after(() => house[Symbol.asyncDispose]())

const EVERYTHING = { only: null, withGroups: OPTIONAL_GROUPS, patienceMs: 1000, readOnly: false }

function run(
  cases: readonly Case[],
  from: Suite,
  changes: Partial<Options> = {},
  endpoint = house.endpoint,
): Promise<Ran> {
  const { accessKeyId, accessKeySecret } = house.credentials
  return runSuite(cases, from, {
    target: {
      endpoint,
      region: 'cn-hangzhou',
      ca: null,
      credentials: { AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret },
    },
    // Time passes only while the runner waits.
    machine: { ...MACHINE, now: () => house.now, pause: async (ms) => advance(ms) },
    patienceMs: 1000,
    stopped: () => false,
    progress: () => undefined,
    ...changes,
  })
}

function advance(ms: number): void {
  house.now += ms
}

/** The names of the cases that had the outcome. */
function named({ results }: Ran, outcome: Ran['results'][number]['outcome']): string[] {
  return results.filter((one) => one.outcome === outcome).map(({ group, name }) => `${group}/${name}`)
}

/** A suite of these files alone. */
function suiteOf(files: Readonly<Record<string, unknown>>): Suite {
  return readSuite(
    Object.entries(files).map(([path, value]) => ({ path: `${path}.json`, text: JSON.stringify(value) })),
  )
}

function runAll(own: Suite, changes: Partial<Options> = {}, endpoint = house.endpoint): Promise<Ran> {
  return run(planOf(own, EVERYTHING).cases, own, changes, endpoint)
}

describe('the suite', () => {
  it('finds nothing wrong with the service, and leaves nothing behind', async () => {
    const ran = await run(planOf(suite, EVERYTHING).cases, suite)
    assert.deepEqual([named(ran, 'failed'), named(ran, 'missed'), ran.left], [[], [], []], textReport(ran))
    // There is no HSM.
    assert.deepEqual(named(ran, 'not run'), ['keys/create-key-makes-a-key-in-an-hsm'])
    assert.equal(verdictOf(ran).conforms, true)
    assert.ok(
      PAGE.includes(`\`\`\`text\n${textReport(ran)}\n\`\`\``),
      `docs/conformance.md has another report:\n${textReport(ran)}`,
    )
    // The service key of secrets is none of the run's.
    const states = [
      { Key: 'CreatorType', Values: ['User'] },
      ...['Enabled', 'Disabled', 'PendingImport'].map((state) => ({ Key: 'KeyState', Values: [state] })),
    ]
    assert.equal((await house.must('ListKeys', { Filters: JSON.stringify(states) })).TotalCount, 0)
    const { Aliases } = await house.must('ListAliases')
    assert.ok(Aliases.Alias.every((one: { AliasName: string }) => one.AliasName.startsWith('alias/acs/')))
    const secrets = await house.must('ListSecrets', { PageSize: '100' })
    assert.deepEqual(secrets.SecretList.Secret, [])
    const users = await house.must('ListUsers', { Version: '2015-05-01' })
    assert.deepEqual(users.Users.User, [])
  })

  const isElsewhere = times('conformance on PostgreSQL and with workers') > 0
  const elsewhere = { skip: isElsewhere ? false : 'only in full size' }
  const conforms = (ran: Ran) => {
    assert.deepEqual([named(ran, 'failed'), named(ran, 'missed'), ran.left], [[], [], []], textReport(ran))
    assert.equal(verdictOf(ran).conforms, true)
  }

  it('finds nothing wrong with a server on PostgreSQL', elsewhere, async () => {
    await using postgresql = await startPostgresql()
    await using other = await openTestHouse(postgresql.database(), [], { runtime: SYSTEM })
    const { accessKeyId, accessKeySecret } = other.credentials
    const credentials = { AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret }
    const pause = async (ms: number) => {
      other.now += ms
    }
    conforms(
      await run(planOf(suite, EVERYTHING).cases, suite, {
        target: { endpoint: other.endpoint, region: 'cn-hangzhou', ca: null, credentials },
        machine: { ...MACHINE, now: () => other.now, pause },
      }),
    )
  })

  it('finds nothing wrong with a server that has workers, by its own line', elsewhere, async () => {
    const program = await startProgram({ flags: ['--workers', '2'] })
    try {
      const { accessKeyId, accessKeySecret } = program.credentials
      const env = {
        STRONGROOM_ENDPOINT: program.endpoint,
        ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
      }
      const groups = OPTIONAL_GROUPS.join(',')
      const { code, out, err } = await runHere(['conformance', '--yes', '--with', groups, '--patience', '20'], env)
      assert.equal(code, 0, `${out}${err}`)
    } finally {
      await program.stop()
    }
  })

  it('has a case for every operation of KMS, and for every refusal that can be provoked from outside', () => {
    const kms = products.find(({ product }) => product.service === 'kms')
    const has = new Set(
      suite.cases.flatMap(({ operation, expect, after }) => [
        `${operation} ${expect?.code ?? 'success'}`,
        ...after.map((step) => `${step.call} ${step.expect?.code ?? 'success'}`),
      ]),
    )
    const missing = [...(kms?.operations.values() ?? [])]
      .flatMap(({ name, refusals }) => ['success', ...refusals].map((code) => `${name} ${code}`))
      .filter((one) => !has.has(one))
    const excused = (one: string) => NOT_FROM_OUTSIDE.some((pattern) => pattern.test(one))
    assert.deepEqual(
      missing.filter((one) => !excused(one)),
      [],
    )
    assert.deepEqual(
      NOT_FROM_OUTSIDE.filter((pattern) => !missing.some((one) => pattern.test(one))),
      [],
    )
  })

  it('cites pages and headings that there are', () => {
    const headings = (page: string) =>
      readFileSync(ROOT + page, 'utf8')
        .matchAll(/^#{1,6} (.+)$/gm)
        .map(([, text = '']) =>
          text
            .toLowerCase()
            .replace(/[^\p{L}\p{N} _-]/gu, '')
            .replaceAll(' ', '-'),
        )
        .toArray()
    const wrong = new Set(
      suite.cases
        .map(({ source }) => source)
        .filter((source) => source.startsWith('docs/'))
        .filter((source) => {
          const [page = '', heading = ''] = source.split('#')
          return !existsSync(ROOT + page) || !headings(page).includes(heading)
        }),
    )
    assert.deepEqual([...wrong], [])
  })

  it('is run by the commands of conformance.md', async () => {
    const [, block = ''] = /^```sh\n([\s\S]*?)^```/m.exec(PAGE) ?? []
    const lines = block.trim().split('\n')
    assert.equal(lines.length, 3)
    for (const line of lines) {
      const words = line.replaceAll("'", '').split(' ').slice(1)
      const { code, out } = await runHere([...words, '--list'])
      assert.equal(code, 0, line)
      assert.match(out, /^aliases\/[\w-]+ \(\w+\)$/m)
    }
  })

  it('has read-only cases that call nothing that changes something', () => {
    const { cases, makes } = planOf(suite, { ...EVERYTHING, readOnly: true })
    assert.ok(cases.length > 80, `${cases.length}`)
    assert.equal(makes.size, 0)
  })
})

/** What a stranger can't provoke, or not within minutes. */
const NOT_FROM_OUTSIDE: readonly RegExp[] = [
  // Billions of calls, quotas, and what only some HSMs refuse.
  / Rejected\.KeyExhausted$/,
  /^(CreateKey|CreateAlias|CreateSecret|GetParametersForImport) Rejected\.LimitExceeded$/,
  // A server without HSM answers this in a case that is then not run.
  /^CreateKey Unsupported\.ProtectionLevel$/,
  // The service keys of products, and kinds of keys that a server may lack.
  /^(?!ReEncrypt|Encrypt|GenerateDataKey|GenerateAndExport)\w+ UnsupportedOperation$/,
  // Days.
  /^CreateKeyVersion success$/,
  /^ImportKeyMaterial ExpiredImportToken$/,
  /^(Get|Put)SecretValue Forbidden\.KeyNotFound$/,
  // An account that has not opened the service.
  /^OpenKmsService success$/,
  // Secrets that rotate, which need users or databases.
  /^(RotateSecret|UpdateSecretRotationPolicy) success$/,
  /^(RotateSecret|DeleteSecret) Rejected\.InvalidRequest$/,
  /^(PutSecretValue|UpdateSecretVersionStage) Rejected\.UnsupportedOperation$/,
  // Only external keys wait for material, and they do not rotate whatever their state.
  /^UpdateRotationPolicy Rejected\.PendingImport$/,
]

/** Alters what the service answers: the defect's name, the answers it alters, and the cases that must find it. */
interface Defect {
  readonly alters: (call: URLSearchParams, answer: Answer) => Answer | null
  readonly found: readonly string[]
}

/** What the planted defects read of an answer. */
interface Body {
  readonly [member: string]: unknown
  readonly Code?: string
  readonly RequestId?: string | undefined
  readonly Plaintext?: string | undefined
  readonly TotalCount?: number | string
  readonly KeyMetadata?: { readonly Description?: string }
}

interface Answer {
  readonly status: number
  readonly body: Body
}

const DEFECTS: Readonly<Record<string, Defect>> = {
  'a wrong code': {
    alters: (call, { status, body }) =>
      call.get('Action') === 'GenerateDataKey' && body.Code === 'Rejected.Disabled'
        ? { status, body: { ...body, Code: 'Rejected.PendingDeletion' } }
        : null,
    found: ['states/generate-data-key-refuses-a-disabled-key'],
  },
  'a wrong status': {
    alters: (_, { body }) => (body.Code === 'AliasAlreadyExists' ? { status: 409, body } : null),
    found: ['aliases/create-alias-refuses-a-name-in-use'],
  },
  'a missing member': {
    alters: (call, { status, body: { KeyVersionId: _, ...body } }) =>
      call.get('Action') === 'GenerateDataKeyWithoutPlaintext' && status === 200 ? { status, body } : null,
    found: ['data-keys/generate-data-key-without-plaintext-keeps-the-plaintext'],
  },
  'a refusal that is a success': {
    alters: (call, { body }) =>
      call.get('Action') === 'ScheduleKeyDeletion' && body.Code === 'InvalidParameter'
        ? { status: 200, body: { RequestId: body.RequestId } }
        : null,
    found: ['0-days', '6-days', 'days-that-are-no-number', 'minus-7-days'].map(
      (days) => `keys/schedule-key-deletion-refuses-${days}`,
    ),
  },
  'a data key that is too short': {
    alters: (call, { status, body }) =>
      call.get('Action') === 'GenerateDataKey' && status === 200 && call.get('NumberOfBytes') === '64'
        ? { status, body: { ...body, Plaintext: body.Plaintext?.slice(4) } }
        : null,
    found: ['data-keys/generate-data-key-gives-64-bytes'],
  },
  'a number that is a text': {
    alters: (call, { status, body }) =>
      call.get('Action') === 'ListKeyVersions' && status === 200
        ? { status, body: { ...body, TotalCount: String(body.TotalCount) } }
        : null,
    found: ['versions/a-new-key-has-one-version'],
  },
  'a change that does not happen': {
    alters: (call, { status, body }) =>
      call.get('Action') === 'DescribeKey' && body.KeyMetadata?.Description === 'new text'
        ? { status, body: { ...body, KeyMetadata: { ...body.KeyMetadata, Description: '' } } }
        : null,
    found: ['keys/update-key-description-changes-the-description'],
  },
  'an answer without a RequestId': {
    alters: (call, { status, body: { RequestId: _, ...body } }) =>
      call.get('Action') === 'DescribeAccountKmsStatus' ? { status, body } : null,
    found: ['keys/describe-account-kms-status-says-enabled'],
  },
  'an accepted replay': {
    alters: (_, { body }) =>
      body.Code === 'SignatureNonceUsed' ? { status: 200, body: { RequestId: body.RequestId } } : null,
    found: [
      'acs3-replayed-is-refused',
      'acs3-with-a-used-nonce-is-refused',
      'signature-1-0-replayed-is-refused',
      'signature-1-0-with-a-used-nonce-is-refused',
    ].map((name) => `signatures/${name}`),
  },
  'an accepted request that was altered': {
    alters: (call, { body }) =>
      body.Code === 'SignatureDoesNotMatch' && call.get('Action') === 'ListKeys'
        ? { status: 200, body: { RequestId: body.RequestId } }
        : null,
    found: ['signatures/signature-1-0-with-an-altered-parameter-is-refused'],
  },
}

/** A proxy before the house that plants all defects at once. */
async function withDefects(work: (endpoint: string) => Promise<void>): Promise<void> {
  const upstream = new URL(house.endpoint)
  const server: Server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const body = Buffer.concat(chunks)
      const { method, url = '/', headers } = incoming
      const parameters = new URLSearchParams(`${url.split('?')[1] ?? ''}&${body}`)
      const passed = request(upstream, { ...(method ? { method } : {}), path: url, headers }, (reply) => {
        const parts: Buffer[] = []
        reply.on('data', (part: Buffer) => parts.push(part))
        reply.on('end', () => {
          const text = Buffer.concat(parts).toString()
          const altered = alteredBy(parameters, reply.statusCode ?? 0, text)
          const { 'content-length': _, ...kept } = reply.headers
          outgoing.writeHead(altered?.status ?? reply.statusCode ?? 0, kept)
          outgoing.end(altered ? JSON.stringify(altered.body) : text)
        })
      })
      passed.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

function alteredBy(call: URLSearchParams, status: number, text: string): Answer | null {
  if (!text.startsWith('{')) return null
  for (const { alters } of Object.values(DEFECTS)) {
    const altered = alters(call, { status, body: JSON.parse(text) })
    if (altered) return altered
  }
  return null
}

/** The groups of the cases that the planted defects are in. */
const DEFECTIVE = ['aliases', 'answers', 'data-keys', 'keys', 'signatures', 'states', 'versions']

describe('a server with defects', () => {
  it('fails in exactly the cases that are about them', async () => {
    const cases = planOf(suite, EVERYTHING).cases.filter(({ group }) => DEFECTIVE.includes(group))
    await withDefects(async (endpoint) => {
      const ran = await run(cases, suite, {}, endpoint)
      const expected = Object.values(DEFECTS).flatMap(({ found }) => found)
      assert.deepEqual(named(ran, 'failed').toSorted(), expected.toSorted(), textReport(ran))
      assert.deepEqual([named(ran, 'missed'), ran.left], [[], []])
      assert.equal(verdictOf(ran).conforms, false)
    })
  })
})

/** A case whose call succeeds. */
const REGIONS = { operation: 'DescribeRegions', source: 'docs' }

describe('the runner', () => {
  it('names the file and the fault of a case that does not follow the language', () => {
    const refused = (value: unknown) => {
      try {
        suiteOf({ 'a/b': value })
        return ''
      } catch (error) {
        return error instanceof CaseError ? error.message : String(error)
      }
    }
    assert.match(refused({ ...REGIONS, expects: {} }), /^a\/b\.json: unknown member expects: there are operation, /)
    assert.match(refused({ operation: 'ListKeys' }), /has an operation and a source/)
    assert.match(refused({ ...REGIONS, expect: { code: 'X' } }), /an expected code needs its status/)
    assert.match(refused({ ...REGIONS, given: ['nothing'] }), /there is no file given\/nothing\.json/)
    assert.match(refused({ ...REGIONS, before: [{}] }), /a step has one of call, compute, again/)
  })

  it('changes nothing that it has not made', async () => {
    const { KeyMetadata } = await house.must('CreateKey')
    const own = suiteOf({
      'a/b': {
        ...REGIONS,
        before: [
          { call: 'DescribeKey', request: { KeyId: KeyMetadata.KeyId }, keep: { other: 'KeyMetadata.KeyId' } },
          { call: 'DisableKey', request: { KeyId: '$other' } },
        ],
      },
    })
    const literal = suiteOf({
      'a/b': { operation: 'DisableKey', source: 'docs', request: { KeyId: KeyMetadata.KeyId } },
    })
    for (const suite of [own, literal]) {
      const ran = await runAll(suite)
      assert.deepEqual(named(ran, 'missed'), ['a/b'])
      assert.match(textReport(ran), /the case is wrong: DisableKey would change what the run has not made: KeyId$/m)
    }
    assert.equal((await house.must('DescribeKey', { KeyId: KeyMetadata.KeyId })).KeyMetadata.KeyState, 'Enabled')
  })

  it('takes away what it made when it is stopped, and says what was not judged', async () => {
    let judged = 0
    const own = suiteOf({
      'a/1': { operation: 'CreateKey', source: 'docs', request: { Description: 'of a run that is stopped' } },
      'a/2': REGIONS,
    })
    const ran = await runAll(own, { progress: () => void judged++, stopped: () => judged > 0 })
    assert.deepEqual([named(ran, 'passed'), named(ran, 'missed'), ran.left], [['a/1'], ['a/2'], []])
    assert.equal(verdictOf(ran).conforms, false)
    const filter = JSON.stringify([{ Key: 'Search', Values: ['of a run that is stopped'] }])
    const { Keys } = await house.must('ListKeys', { Filters: filter })
    const { KeyMetadata } = await house.must('DescribeKey', { KeyId: Keys.Key[0].KeyId })
    assert.equal(KeyMetadata.KeyState, 'PendingDeletion')
  })

  it('does not say that there is no event when it is stopped while it waits', async () => {
    let waits = 0
    const machine = { ...MACHINE, now: () => house.now, pause: async () => void waits++ }
    const own = suiteOf({ 'a/b': { ...REGIONS, event: null } })
    const ran = await runAll(own, { machine, stopped: () => waits > 0 })
    assert.deepEqual([named(ran, 'missed'), waits], [['a/b'], 1])
  })

  it('says what it could not take away', async () => {
    const own = suiteOf({
      'a/b': {
        operation: 'CreateAccessKey',
        product: 'Ram',
        source: 'docs',
        request: { UserName: '$name' },
        before: [
          { call: 'CreateUser', product: 'Ram', request: { UserName: '$name' } },
          { call: 'CreateGroup', product: 'Ram', request: { GroupName: '$name' } },
          // Not undone by the runner, so that the user can't be deleted.
          { call: 'CreateLoginProfile', product: 'Ram', request: { UserName: '$name', Password: 'a-Password-9' } },
        ],
      },
    })
    const { left } = await runAll(own)
    assert.equal(left.length, 1)
    assert.match(
      left[0] ?? '',
      /^DeleteUser \{"UserName":"conformance-\w+-1"\}: 409 DeleteConflict\.User\.LoginProfile$/,
    )
  })

  it('tells a state that could not be made from what the server does not offer', async () => {
    const state = { steps: [{ call: 'CreateKey', request: { KeySpec: 'RSA_512' } }] }
    const lacking = { steps: [{ call: 'CreateKey', request: { KeySpec: 'RSA_512' }, mayLack: ['InvalidParameter'] }] }
    const own = suiteOf({
      'given/broken': state,
      'given/lacking': lacking,
      'a/missed': { ...REGIONS, given: ['broken'] },
      'a/not-run': { ...REGIONS, given: ['lacking'] },
      'a/passed': REGIONS,
    })
    const ran = await runAll(own)
    assert.deepEqual([named(ran, 'missed'), named(ran, 'not run')], [['a/missed'], ['a/not-run']])
    assert.equal(verdictOf(ran).conforms, false)
    const report = textReport(ran)
    assert.match(
      report,
      /not run: the state broken can't be made: CreateKey answered 400 InvalidParameter, and should answer 200/,
    )
    assert.match(report, /^DescribeRegions +1 +2$/m)
    assert.equal(JSON.parse(jsonReport(ran, { region: 'cn-hangzhou' })).cases.length, 3)
  })

  it('waits within its patience for what it made in RAM to count', async () => {
    const ram = { product: 'Ram', request: { UserName: '$name' } }
    const own = suiteOf({
      'a/b': {
        ...REGIONS,
        before: [
          { call: 'CreateUser', ...ram },
          { call: 'CreateAccessKey', ...ram, keep: { ak: 'AccessKey.AccessKeyId', sk: 'AccessKey.AccessKeySecret' } },
        ],
        by: { AccessKeyId: '$ak', AccessKeySecret: '$sk' },
        expect: { status: 403, code: 'Forbidden.NoPermission' },
      },
    })
    const start = house.now
    const ran = await runAll(own, { patienceMs: 5000 })
    assert.deepEqual([named(ran, 'failed'), house.now - start], [['a/b'], 5000])
    assert.match(textReport(ran), /answered 200, and should answer 403 Forbidden\.NoPermission/)
  })

  it('takes no page for an answer', async () => {
    const own = suiteOf({ 'a/b': { ...REGIONS, send: { how: 'query', path: '/docs/' } } })
    assert.match(textReport(await runAll(own)), /the answer is no JSON, but text\/html/)
  })

  it('waits longer and longer for a server that throttles', async () => {
    const waits: number[] = []
    let refusals = 0
    const server = createServer((_, outgoing) => {
      const isThrottled = refusals++ < 3
      outgoing.writeHead(isThrottled ? 429 : 200, { 'content-type': 'application/json' })
      const id = { RequestId: '00000000-0000-4000-8000-000000000000' }
      outgoing.end(JSON.stringify(isThrottled ? { ...id, Code: 'Rejected.Throttling', Message: 'x' } : id))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const machine = { ...MACHINE, pause: async (ms: number) => void waits.push(ms) }
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const ran = await runAll(suiteOf({ 'a/b': REGIONS }), { machine }, endpoint)
      assert.deepEqual([named(ran, 'passed'), waits], [['a/b'], [1000, 2000, 4000]])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
