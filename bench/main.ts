// `npm run bench [-- --quick] [--only SECTION]`: prints every figure beside its budget, as a ratio to a limit measured in the same run.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { callOperation } from '../src/cli/client.ts'
import { newCredentials } from '../src/ram/account.ts'
import { SYSTEM } from '../src/runtime/system.ts'
import { asymmetricKeys } from './asymmetric.ts'
import { authorizeAlone } from './authorize.ts'
import { routerAndCells } from './cells.ts'
import { consoleCosts } from './console.ts'
import { median, percent } from './figures.ts'
import { fileRates } from './files.ts'
import { fill, fillUsers } from './fill.ts'
import { hsmKeys } from './hsm.ts'
import type { Job, Measured } from './load.ts'
import {
  callsOf,
  isPinned,
  load,
  loadWatched,
  oneCommitAtATime,
  type Server,
  startBareServer,
  startStrongroom,
} from './processes.ts'
import { searches } from './searches.ts'
import { changesOfOthers, sharedDatabase } from './shared-database.ts'
import { sharedKeys } from './shared-keys.ts'
import { costsOfStrangers } from './strangers.ts'
import { fillTrail, verifyRate } from './trail.ts'
import { costOfWorkers } from './workers.ts'

const { quick, only } = parseArgs({ options: { quick: { type: 'boolean' }, only: { type: 'string' } } }).values
const MANY = quick ? 100_000 : 1_000_000
const USERS = quick ? 10_000 : 100_000
const REQUESTS = quick ? 6000 : 20_000
const ROUNDS = quick ? 3 : 7
/** The calls after which a process runs compiled code. */
const WARM_UP = 40_000
const EVENTS = quick ? 1_000_000 : 10_000_000
const credentials = newCredentials(SYSTEM)
const REGION = 'cn-hangzhou'

type Parameters = Readonly<Record<string, string>>
type Watched = Measured & { readonly cpuUs: number }
type Caller = { readonly accessKeyId: string; readonly accessKeySecret: string }

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function row(name: string, figures: string, budget = ''): void {
  print(`  ${name.padEnd(46)} ${figures.padEnd(58)} ${budget}`)
}

async function call(endpoint: string, parameters: Parameters, caller: Caller = credentials) {
  const all = new Map(Object.entries({ Version: '2016-01-20', ...parameters }))
  const options = { endpoint, ...caller, securityToken: null, ca: null, now: Date.now() }
  const { status, body } = await callOperation(all, options)
  if (status !== 200) throw new Error(body)
  return { bytes: Buffer.byteLength(body), answer: JSON.parse(body) }
}

function job(
  server: Server,
  connections: number,
  parameters: readonly Parameters[],
  requests = REQUESTS,
  callers: readonly Caller[] = [credentials],
): Job {
  return {
    callers,
    endpoint: server.endpoint,
    connections,
    requests: connections === 1 ? requests / 4 : requests,
    parameters,
  }
}

const perSecond = ({ perSecond: rate }: Measured) => `${Math.round(rate)}/s`

/** A user with these policies. */
async function makeUser(server: Server, name: string, policies: readonly object[]): Promise<Caller> {
  const ram = (Action: string, parameters: Parameters) =>
    call(server.endpoint, { Action, Version: '2015-05-01', ...parameters })
  await ram('CreateUser', { UserName: name })
  for (const [i, policy] of policies.entries()) {
    const PolicyName = `${name}-${i}`
    await ram('CreatePolicy', { PolicyName, PolicyDocument: JSON.stringify(policy) })
    await ram('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName, UserName: name })
  }
  const { AccessKey } = (await ram('CreateAccessKey', { UserName: name })).answer
  return { accessKeyId: AccessKey.AccessKeyId, accessKeySecret: AccessKey.AccessKeySecret }
}

const CRYPTOGRAPHIC = ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey', 'kms:GetSecretValue']
const BY_TAG = { StringEqualsIgnoreCase: { 'kms:tag/Project': ['Apollo'] } }
const TAG_POLICY = {
  Version: '1',
  Statement: [
    { Effect: 'Allow', Action: CRYPTOGRAPHIC, Resource: '*', Condition: BY_TAG },
    { Effect: 'Allow', Action: 'kms:CreateKey', Resource: '*' },
  ],
}

/** Five statements about the same operations and resources; only the last one allows. */
function fiveStatements(i: number): object {
  const Statement = [0, 1, 2, 3].map((n) => ({
    Effect: n === 0 ? 'Deny' : 'Allow',
    Action: CRYPTOGRAPHIC,
    Resource: 'acs:kms:*:*:key/*',
    Condition: { StringEquals: { 'kms:tag/Project': [`none-${i}-${n}`] } },
  }))
  return {
    Version: '1',
    Statement: [...Statement, { Effect: 'Allow', Action: 'kms:*', Resource: '*', Condition: BY_TAG }],
  }
}

async function operations(folder: string): Promise<void> {
  print('\nSigned calls of a user whose policy has a tag condition, durable events, as a ratio to the bare server')
  const server = await startStrongroom(join(folder, 'operations'), credentials)
  const Tags = '[{"TagKey":"Project","TagValue":"Apollo"}]'
  const { answer } = await call(server.endpoint, { Action: 'CreateKey', Tags })
  const KeyId: string = answer.KeyMetadata.KeyId
  const Plaintext = Buffer.alloc(32, 7).toString('base64')
  const encrypted = await call(server.endpoint, { Action: 'Encrypt', KeyId, Plaintext })
  const [SecretName, SecretData] = ['bench', Plaintext]
  const secret = { SecretName, SecretData, VersionId: 'v1', EncryptionKeyId: KeyId, Tags }
  await call(server.endpoint, { Action: 'CreateSecret', ...secret })
  const user = await makeUser(server, 'bench', [TAG_POLICY])
  const cases: [Parameters, string][] = [
    [{ Action: 'Encrypt', KeyId, Plaintext }, 'budget ≥ 20 %, aim ≥ 40 %'],
    [{ Action: 'Decrypt', CiphertextBlob: encrypted.answer.CiphertextBlob }, 'budget ≥ 20 %, aim ≥ 40 %'],
    [{ Action: 'GenerateDataKey', KeyId, NumberOfBytes: '32' }, 'budget ≥ 20 %, aim ≥ 40 %'],
    // GetSecretValue also authorizes Decrypt on the CMK: two decisions, each with a tag condition.
    [{ Action: 'GetSecretValue', SecretName }, ''],
    [{ Action: 'CreateKey' }, ''],
  ]
  // A warm-up: a server runs for weeks, so compiling its code must not count.
  const mixed = cases.map(([parameters]) => parameters)
  await load(job(server, 64, mixed, WARM_UP, [user]))
  for (const [parameters, budget] of cases) {
    const bare = await startBareServer((await call(server.endpoint, parameters)).bytes)
    for (const connections of [1, 64]) {
      const rounds: { ours: Watched; limit: Watched }[] = []
      // In turn and many times: the machine's speed drifts, and affects both sides alike.
      for (let round = 0; round < ROUNDS; round++) {
        const ours = await loadWatched(server, job(server, connections, [parameters], REQUESTS, [user]))
        rounds.push({ ours, limit: await loadWatched(bare, job(bare, connections, [parameters])) })
      }
      const { ours, limit } = median(rounds, ({ ours, limit }) => ours.perSecond / limit.perSecond)
      const figures = `${perSecond(ours)} of ${perSecond(limit)}: ${percent(ours.perSecond, limit.perSecond)}, median ${ours.medianMs.toFixed(2)} ms, p99 ${ours.p99Ms.toFixed(2)} ms`
      row(
        `${parameters['Action']}, ${connections} connection${connections > 1 ? 's' : ''}`,
        figures,
        connections > 1 ? budget : '',
      )
      const cpu = median(rounds, ({ ours, limit }) => ours.cpuUs / limit.cpuUs)
      row(
        '  CPU time of a call',
        `${cpu.ours.cpuUs.toFixed(1)} µs of ${cpu.limit.cpuUs.toFixed(1)} µs: ${(cpu.ours.cpuUs / cpu.limit.cpuUs).toFixed(1)} ×`,
      )
      if (parameters['Action'] === 'CreateKey' && connections > 1) await againstOneCommit(server, folder)
    }
    await bare.stop()
  }
  await inTurn(server, user, [
    { Action: 'GetSecretValue', SecretName },
    { Action: 'Encrypt', KeyId, Plaintext },
  ])
  const many = await authorization(server, { Action: 'Encrypt', KeyId, Plaintext })
  await server.stop()
  const data = join(folder, 'operations')
  const account = await authorizeAlone(data, credentials.accessKeyId, REGION)
  const user10 = await authorizeAlone(data, many.accessKeyId, REGION)
  row(
    '  authorizing alone, in process',
    `${user10.toFixed(2)} µs, the account's call ${account.toFixed(2)} µs: ${(user10 / account).toFixed(1)} ×`,
    'budget ≤ 3 µs',
  )
}

/** Two calls in turn over 64 connections, in many short rounds: their ratio does not depend on the machine's drift. */
async function inTurn(server: Server, caller: Caller, [one, other]: readonly [Parameters, Parameters]): Promise<void> {
  const cost = async (parameters: Parameters) =>
    (await loadWatched(server, job(server, 64, [parameters], REQUESTS / 4, [caller]))).cpuUs
  const rounds: { a: number; b: number }[] = []
  for (let round = 0; round < ROUNDS * 8; round++) rounds.push({ a: await cost(one), b: await cost(other) })
  const { a, b } = median(rounds, (round) => round.a / round.b)
  const figures = `${a.toFixed(1)} µs of ${b.toFixed(1)} µs: ${(a / b).toFixed(2)} ×`
  row(`${one['Action']} against ${other['Action']}, in turn, CPU time`, figures, 'budget ≤ 1 ×')
}

/** The same call by the account, which no policy restricts, and by a user with 10 policies of 5 statements. */
async function authorization(server: Server, parameters: Parameters): Promise<Caller> {
  const user = await makeUser(
    server,
    'many',
    Array.from({ length: 10 }, (_, i) => fiveStatements(i)),
  )
  const rounds: { by: number; without: number }[] = []
  for (let round = 0; round < ROUNDS * 2; round++) {
    const without = (await load(job(server, 64, [parameters]))).perSecond
    rounds.push({ without, by: (await load(job(server, 64, [parameters], REQUESTS, [user]))).perSecond })
  }
  const { by, without } = median(rounds, (round) => round.by / round.without)
  const added = 1e6 / by - 1e6 / without
  row(
    'Encrypt by a user with 10 policies of 5 statements',
    `${Math.round(by)}/s of the account's ${Math.round(without)}/s: ${percent(by, without)}, ${added.toFixed(1)} µs more`,
  )
  return user
}

async function manyUsers(folder: string): Promise<void> {
  print(`\n${USERS} users with ${USERS * 2} AccessKeys against 1,000`)
  const measured: { startMs: number; medianMs: number }[] = []
  for (const count of [1000, USERS]) {
    const data = join(folder, `users-${count}`)
    const flags = ['--max-users', String(USERS + 10)]
    const first = await startStrongroom(data, credentials, flags)
    const key = await call(first.endpoint, { Action: 'CreateKey', Tags: '[{"TagKey":"Project","TagValue":"Apollo"}]' })
    await makeUser(first, 'template', [TAG_POLICY])
    await first.stop()
    const callers = await fillUsers(data, credentials.accountId, 'Custom/template-0', count)
    const starts = []
    for (let i = 0; i < 3; i++) {
      const again = await startStrongroom(data, credentials, flags)
      starts.push(again.startMs)
      await again.stop()
    }
    const server = await startStrongroom(data, credentials, flags)
    const parameters = { Action: 'Encrypt', KeyId: key.answer.KeyMetadata.KeyId, Plaintext: 'x' }
    const { medianMs } = await load(job(server, 1, [parameters], 8000, callers))
    measured.push({ startMs: median(starts, (ms) => ms), medianMs })
    await server.stop()
  }
  const [few, many] = measured
  if (!few || !many) return
  const ratio = (figure: 'startMs' | 'medianMs') =>
    `${few[figure].toFixed(2)} ms, ${many[figure].toFixed(2)} ms: ${(many[figure] / few[figure]).toFixed(2)} ×`
  row('start', ratio('startMs'))
  row('Encrypt by 1,000 users of them', ratio('medianMs'))
}

async function againstOneCommit(server: Server, folder: string): Promise<void> {
  const rounds: { ours: number; one: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const ours = await load(job(server, 64, [{ Action: 'CreateKey' }]))
    rounds.push({ ours: ours.perSecond, one: oneCommitAtATime(folder) })
  }
  const { ours, one } = median(rounds, (round) => round.ours / round.one)
  row(
    "  against one fsync'd commit at a time",
    `${Math.round(ours)}/s of ${Math.round(one)}/s: ${(ours / one).toFixed(2)} ×`,
    'budget ≥ 1.2 ×, aim ≥ 2 ×',
  )
}

async function manyKeys(folder: string): Promise<void> {
  print(`\n${MANY} keys against 1,000`)
  const measured = new Map<string, number[]>()
  for (const count of [1000, MANY]) {
    const data = join(folder, `keys-${count}`)
    await (await startStrongroom(data, credentials)).stop()
    const sample = await fill(data, credentials.accountId, REGION, count)
    const server = await startStrongroom(data, credentials)
    if (count === MANY) row('start', `${Math.round(server.startMs)} ms`, 'budget ≤ 700 ms, aim ≤ 500 ms')
    const last = String(Math.ceil(count / 100))
    const cases: [string, Parameters[]][] = [
      ['DescribeKey', sample.map((KeyId) => ({ Action: 'DescribeKey', KeyId }))],
      ['Encrypt', sample.map((KeyId) => ({ Action: 'Encrypt', KeyId, Plaintext: 'x' }))],
      ['ListKeys, first page', [{ Action: 'ListKeys', PageSize: '10' }]],
      ['ListKeys, last page of 100', [{ Action: 'ListKeys', PageSize: '100', PageNumber: last }]],
      [
        'ListKeys, middle page of 100',
        [{ Action: 'ListKeys', PageSize: '100', PageNumber: String(Math.ceil(count / 200)) }],
      ],
    ]
    for (const [name, parameters] of cases) {
      const { medianMs } = await load(job(server, 1, parameters, name.includes('middle') ? 400 : 8000))
      measured.set(name, [...(measured.get(name) ?? []), medianMs])
    }
    if (count === MANY) {
      print('  First pages that filters and searches find')
      await searches({ load: (parameters, requests) => loadWatched(server, job(server, 1, parameters, requests)), row })
      const calls = quick ? 100_000 : 1_000_000
      const mixed = sample.flatMap((KeyId): Parameters[] => [
        { Action: 'Encrypt', KeyId, Plaintext: 'x' },
        { Action: 'DescribeKey', KeyId },
      ])
      const part = job(server, 64, mixed, 50_000)
      // The heap grows until its garbage is collected, so a single reading may be the lowest one.
      const readings: number[] = []
      let sent = 0
      for (; sent < calls; sent += callsOf(part)) {
        await load(part)
        readings.push(server.memory())
      }
      const figures = `at most ${Math.round(Math.max(...readings))} MiB, at the end ${Math.round(server.memory())} MiB`
      row(`resident memory in ${sent} calls`, figures, 'budget ≤ 300 MiB, aim ≤ 250 MiB')
    }
    await server.stop()
  }
  for (const [name, [few = 0, many = 0]] of measured) {
    const budget = name.includes('last')
      ? 'budget ≤ 20 ms, aim ≤ 5 ms'
      : name.includes('middle')
        ? ''
        : 'budget ≤ 1.5 ×, aim ≤ 1.1 ×'
    row(name, `${few.toFixed(2)} ms, ${many.toFixed(2)} ms: ${(many / few).toFixed(2)} ×`, budget)
  }
}

/** Searches over many keys, on PostgreSQL. */
async function keysOnPostgresql(folder: string): Promise<void> {
  print(`\n${MANY} keys on PostgreSQL, which runs on both cores: first pages that filters and searches find`)
  await sharedKeys(folder, {
    ...{ credentials, region: REGION, count: MANY },
    job: (server, parameters, requests) => job(server, 1, parameters, requests),
    row,
  })
}

/** Encrypt with durable events against the same with events in memory only. */
async function recording(folder: string): Promise<void> {
  const servers = []
  for (const unrecorded of [false, true]) {
    const server = await startStrongroom(join(folder, `recording-${unrecorded}`), credentials, [], { unrecorded })
    const { answer } = await call(server.endpoint, { Action: 'CreateKey' })
    servers.push({ server, parameters: { Action: 'Encrypt', KeyId: answer.KeyMetadata.KeyId, Plaintext: 'x' } })
  }
  const rounds: number[][] = []
  for (let round = 0; round < ROUNDS; round++) {
    const rates = []
    for (const { server, parameters } of servers) rates.push((await load(job(server, 64, [parameters]))).perSecond)
    rounds.push(rates)
  }
  const [recorded = 0, unrecorded = 1] = median(rounds, ([a = 0, b = 1]) => a / b)
  for (const { server } of servers) await server.stop()
  row(
    'Encrypt, events recorded against kept in memory',
    `${Math.round(recorded)}/s of ${Math.round(unrecorded)}/s: ${percent(recorded, unrecorded)}`,
    'budget ≥ 70 %',
  )
}

async function trail(folder: string): Promise<void> {
  print(`\nThe trail, ${EVENTS} events of 1,000 keys over 80 days`)
  await recording(folder)
  const data = join(folder, 'trail')
  await (await startStrongroom(data, credentials)).stop()
  const { keys, day, bytesPerEvent } = await fillTrail(data, credentials.accountId, REGION, EVENTS)
  row('disk an event, its index included', `${Math.round(bytesPerEvent)} bytes`, 'budget: about 600')
  row('verified on one core', `${verifyRate(data)} events/s`, 'budget ≥ 200,000/s')
  const server = await startStrongroom(data, credentials)
  row('start', `${Math.round(server.startMs)} ms`)
  const lookup = { Action: 'LookupEvents', Version: '2020-07-06', MaxResults: '50' }
  const byKey = (more: Parameters) =>
    keys.map((key) => ({ ...lookup, ...more, 'LookupAttribute.1.Key': 'ResourceName', 'LookupAttribute.1.Value': key }))
  const cases: [string, readonly Parameters[], string][] = [
    ['LookupEvents of one key on one day', byKey(day), 'budget ≤ 10 ms, aim ≤ 5 ms'],
    ['LookupEvents of one key, newest', byKey({}), ''],
    ['LookupEvents of one day', [{ ...lookup, ...day }], ''],
    ['LookupEvents without a match', byKey({}).map((one) => ({ ...one, 'LookupAttribute.1.Value': 'none' })), ''],
  ]
  for (const [name, parameters, budget] of cases) {
    const { medianMs, p99Ms } = await load(job(server, 1, parameters, 800))
    row(name, `median ${medianMs.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`, budget)
  }
  await server.stop()
}

/** CPU time of one unauthenticated request, by its kind. */
async function strangers(folder: string): Promise<void> {
  print('\nRequests of strangers, CPU time for each')
  const server = await startStrongroom(join(folder, 'strangers'), credentials)
  const costs = await costsOfStrangers(server, credentials.accessKeyId, quick ? 20 : 100)
  await server.stop()
  const sorted = costs.toSorted((a, b) => b.cpuMs - a.cpuMs)
  for (const { kind, status, cpuMs } of sorted) row(kind, `${status}, ${cpuMs.toFixed(2)} ms`)
  row('the worst of them', `${sorted[0]?.cpuMs.toFixed(2)} ms`, 'budget ≤ 2 ms, aim ≤ 0.5 ms')
}

/** A server's job: a user with a tag condition encrypts 32 bytes over 64 connections. */
async function encrypting(server: Server): Promise<Job> {
  const { answer } = await call(server.endpoint, {
    Action: 'CreateKey',
    Tags: '[{"TagKey":"Project","TagValue":"Apollo"}]',
  })
  const Plaintext = Buffer.alloc(32, 7).toString('base64')
  const parameters = { Action: 'Encrypt', KeyId: answer.KeyMetadata.KeyId, Plaintext }
  return job(server, 64, [parameters], REQUESTS, [await makeUser(server, 'bench', [TAG_POLICY])])
}

/** CPU time a call with workers against one process. */
async function workers(folder: string): Promise<void> {
  print('\nWorkers, all on one core')
  await costOfWorkers(folder, {
    credentials,
    warmUp: quick ? WARM_UP / 2 : WARM_UP,
    job: encrypting,
    row,
  })
}

/** The console in a browser. */
async function browsers(folder: string): Promise<void> {
  print('\nThe console in Chromium')
  await consoleCosts(folder, { credentials, region: REGION, rounds: ROUNDS, job: encrypting, row })
}

/** A large file through the command line. */
async function files(folder: string): Promise<void> {
  print('\nA large file, all on one core')
  const server = await startStrongroom(join(folder, 'files'), credentials)
  const key = (await call(server.endpoint, { Action: 'CreateKey' })).answer.KeyMetadata.KeyId
  const { accessKeyId, accessKeySecret } = credentials
  const env = { ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId, ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret }
  fileRates(folder, { server, key, env, mib: quick ? 1024 : 4096, rounds: quick ? 1 : ROUNDS, row })
  await server.stop()
}

const onPostgresql = {
  ...{ credentials, rounds: ROUNDS, requests: REQUESTS, row },
  call: async (endpoint: string, parameters: Parameters) => (await call(endpoint, parameters)).answer,
}

/** Several servers on one PostgreSQL. */
async function servers(folder: string): Promise<void> {
  print('\nServers on one PostgreSQL, which runs on both cores, all servers on one')
  await sharedDatabase(folder, onPostgresql)
}

async function changes(folder: string): Promise<void> {
  print('\nTwo servers on one PostgreSQL that change what the other one reads')
  await changesOfOthers(folder, onPostgresql, WARM_UP)
}

/** Routers and cells: accounts spread over many databases. */
async function cells(): Promise<void> {
  print('\nA router, and a simulation of a million calls a second over cells')
  await routerAndCells({ rounds: ROUNDS, requests: REQUESTS, seconds: quick ? 0.2 : 1, row })
}

const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-'))
try {
  print(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`)
  print(
    isPinned()
      ? 'server on one core, load on another'
      : 'processes are not pinned to cores: taskset is missing, or there is one core',
  )
  const hsm = (where: string) => hsmKeys(where, credentials, { rounds: ROUNDS, requests: REQUESTS }, { print, row })
  const asymmetric = async () => asymmetricKeys(ROUNDS, { print, row })
  const sections = {
    operations,
    workers,
    servers,
    changes,
    console: browsers,
    strangers,
    hsm,
    asymmetric,
    cells,
    files,
    trail,
    users: manyUsers,
    keys: manyKeys,
    'shared-keys': keysOnPostgresql,
  }
  if (only !== undefined && !Object.hasOwn(sections, only))
    throw new Error(`there is no section \`${only}\`: the sections are ${Object.keys(sections).join(', ')}`)
  for (const [name, section] of Object.entries(sections)) if (only === undefined || only === name) await section(folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
