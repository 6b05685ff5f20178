// A server with workers, from outside: it is one server. What one worker did, all have seen; any of its processes may be killed.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { constants } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, it } from 'node:test'
import { decodeRing } from '../../src/cryptography/ring.ts'
import { openHouse } from '../../src/house/open.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { Collector, SERVER } from '../collector.ts'
import { makeToken } from '../keystore/pkcs11/tokens.ts'
import { wrap } from '../kms/byok.ts'
import { TestIssuer } from '../sts/issuer.ts'
import { until } from '../until.ts'
import { formsOf, foundInMemory } from './memory.ts'
import {
  BIN,
  childrenOf,
  type Program,
  removeFolder,
  runProgram,
  startProgram,
  temporaryFolder,
  workersOf,
} from './program.ts'
import { Connection, get, post, type RawAnswer, signedForm } from './raw.ts'

const running: Program[] = []
afterEach(async () => {
  for (const program of running.splice(0)) {
    await program.stop('SIGKILL')
    removeFolder(program.data)
  }
})

async function started(flags: readonly string[] = [], workers = '2'): Promise<Program> {
  const program = await startProgram({ flags: ['--workers', workers, '--metrics-listen', '127.0.0.1:0', ...flags] })
  running.push(program)
  return program
}

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')
  } catch {
    return false
  }
}

type Parameters = Readonly<Record<string, string>>
const request = ({ credentials }: Program, parameters: Parameters) => post(signedForm(parameters, credentials))
const codeIn = (answer: RawAnswer | null) => (answer === null ? 'closed' : (JSON.parse(answer.body).Code ?? 'OK'))

const connections = ({ endpoint }: Program, count: number) =>
  Promise.all(Array.from({ length: count }, () => Connection.open(endpoint)))

/** How many connections of clients a worker holds: established ones at the server's port (`proc_pid_net(5)`). */
function heldBy(pid: number, { endpoint }: Program): number {
  const port = Number(new URL(endpoint).port).toString(16).toUpperCase().padStart(4, '0')
  const sockets = readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => local.endsWith(`:${port}`) && state === '01')
    .map((fields) => `socket:[${fields[9]}]`)
  const open = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      // Closed meanwhile.
      return ''
    }
  })
  return open.filter((file) => sockets.includes(file)).length
}

/** As many connections, of which each worker serves the same share. One that is slow to reply is dealt fewer: then they are opened again. */
async function evenConnections(program: Program, count: number): Promise<readonly Connection[]> {
  const held = () => workersOf(program).map((worker) => heldBy(worker, program))
  const sum = () => held().reduce((all, some) => all + some, 0)
  for (;;) {
    const all = await connections(program, count)
    await until(() => sum() === count)
    if (new Set(held()).size === 1) return all
    for (const connection of all) connection.close()
    await until(() => sum() === 0)
  }
}

async function metrics(program: Program): Promise<string> {
  return (await fetch(program.metrics ?? '')).text()
}

const seriesIn = (text: string, series: string) =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1),
  )

describe('a server with workers', () => {
  it('fetches the keys of an issuer once for all workers', async () => {
    await using issuer = await TestIssuer.start()
    const program = await started([
      ...['--oidc-issuers', issuer.host, '--oidc-ca-file', issuer.caFile, '--oidc-private-addresses'],
    ])
    const [provider, role] = ['oidc-provider/pods', 'role/Pod'].map(
      (name) => `acs:ram::${program.credentials.accountId}:${name}`,
    )
    const statement = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Federated: provider } }
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '1', Statement: [statement] })
    const named = { OIDCProviderName: 'pods', IssuerUrl: issuer.url(), ClientIds: 'sts.aliyuncs.com' }
    await program.call('CreateOIDCProvider', { Version: '2019-08-15', ...named })
    await program.call('CreateRole', { Version: '2015-05-01', RoleName: 'Pod', AssumeRolePolicyDocument })
    const form = new URLSearchParams({ Action: 'AssumeRoleWithOIDC', Version: '2015-04-01', RoleSessionName: 'pod' })
    const claimed = { OIDCProviderArn: provider ?? '', RoleArn: role ?? '', OIDCToken: await issuer.token(Date.now()) }
    for (const [name, value] of Object.entries(claimed)) form.set(name, value)
    const send = async () => (await fetch(program.endpoint, { method: 'POST', body: form })).status
    const statuses = await Promise.all(Array.from({ length: 8 }, send))
    assert.deepEqual(new Set(statuses), new Set([200]))
    assert.equal(issuer.asked.length, 2)
  })

  it('wipes destroyed material from the memory of workers that get no calls', async () => {
    const program = await started()
    const must = async (action: string, parameters: Parameters) => {
      const { status, body } = await program.call(action, parameters)
      assert.equal(status, 200, JSON.stringify(body))
      return body
    }
    const { KeyId } = (await must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata
    const WrappingAlgorithm = 'RSAES_OAEP_SHA_256'
    const asked = { KeyId, WrappingAlgorithm, WrappingKeySpec: 'RSA_2048' }
    const { PublicKey, ImportToken } = await must('GetParametersForImport', asked)
    const material = randomBytes(32)
    const EncryptedKeyMaterial = wrap(PublicKey, WrappingAlgorithm, material)
    await must('ImportKeyMaterial', { KeyId, ImportToken, EncryptedKeyMaterial })
    const encrypt = { Action: 'Encrypt', KeyId, Plaintext: 'x', Format: 'JSON' }
    for (const connection of await evenConnections(program, 2))
      assert.equal(codeIn(await connection.send(request(program, encrypt))), 'OK')
    const needles = new Map(formsOf('material', material))
    const found = () => workersOf(program).map((worker) => [...foundInMemory(worker, needles)].includes('material'))
    assert.deepEqual(found(), [true, true])
    await must('DeleteKeyMaterial', { KeyId })
    await until(() => !found().includes(true))
  })

  it('serves connections by all of them, counts as one, and sends the spans of all', async () => {
    using collector = new Collector()
    const program = await started(['--traces-endpoint', await collector.start()])
    assert.equal(workersOf(program).length, 2)
    const all = await connections(program, 8)
    for (const connection of all)
      assert.equal(codeIn(await connection.send(request(program, { Action: 'ListKeys', Format: 'JSON' }))), 'OK')
    const text = await metrics(program)
    assert.equal(seriesIn(text, 'strongroom_calls_total{product="Kms",operation="ListKeys",outcome="OK"}'), 8)
    assert.equal(seriesIn(text, 'strongroom_call_seconds_count{product="Kms"}'), 8)
    assert.equal(seriesIn(text, 'strongroom_connections'), 8)
    assert.equal(seriesIn(text, 'strongroom_trail_events'), 8)
    assert.equal(text.split('\n').filter((line) => line.startsWith('strongroom_build_info{')).length, 1)
    assert.equal((await all[0]?.send(get('/readyz')))?.status, 200)
    for (const connection of all) connection.close()
    await until(async () => seriesIn(await metrics(program), 'strongroom_connections') === 0)
    assert.equal(await program.stop(), 0)
    const calls = collector.spans.filter(({ kind }) => kind === SERVER)
    assert.deepEqual(
      calls.map(({ name }) => name),
      Array.from({ length: 8 }, () => 'Kms/ListKeys'),
    )
  })

  it('closes a connection whose client disconnects during the TLS handshake', async () => {
    const program = await started(['--tls', 'self-signed'])
    const { hostname, port } = new URL(program.endpoint)
    const socket = connect(Number(port), hostname)
    await once(socket.end(), 'close')
    await until(async () => seriesIn(await metrics(program), 'strongroom_connections') === 0)
    // With this reason, the server itself would have closed the connection, after it waited for the handshake.
    assert.doesNotMatch(await metrics(program), /reason="no TLS handshake"/)
  })

  it('shows each worker at its next call what another one changed', async () => {
    const program = await started()
    const [one, other] = await evenConnections(program, 2)
    assert.ok(one && other)
    const ask = (connection: Connection, parameters: Parameters) =>
      connection.send(request(program, { Format: 'JSON', ...parameters }))
    const created = await ask(one, { Action: 'CreateKey' })
    const { KeyId } = JSON.parse(created?.body ?? '').KeyMetadata
    const encrypt = { Action: 'Encrypt', KeyId, Plaintext: 'eA==' }
    for (let round = 0; round < 25; round++) {
      assert.equal(codeIn(await ask(other, encrypt)), 'OK')
      assert.equal(codeIn(await ask(one, { Action: 'DisableKey', KeyId })), 'OK')
      assert.equal(codeIn(await ask(other, encrypt)), 'Rejected.Disabled')
      assert.equal(codeIn(await ask(one, { Action: 'EnableKey', KeyId })), 'OK')
    }
    const form = signedForm({ Action: 'ListKeys', Format: 'JSON' }, program.credentials)
    assert.equal(codeIn(await one.send(post(form))), 'OK')
    assert.equal(codeIn(await other.send(post(form))), 'SignatureNonceUsed', 'a nonce counts once for all')
    assert.equal(await program.stop(), 0)
    assert.equal((await runProgram(['audit', 'verify', '--data', program.data])).code, 0)
  })

  it('knows when an AccessKey was last used, and how often a key, whichever worker served the call', async () => {
    const program = await started()
    const [one, other] = (await evenConnections(program, 2)) as [Connection, Connection]
    const { accessKeyId } = program.credentials
    const created = await one.send(request(program, { Action: 'CreateKey', Format: 'JSON' }))
    const { KeyId } = JSON.parse(created?.body ?? '').KeyMetadata
    const asked = {
      Action: 'GetAccessKeyLastUsed',
      Version: '2015-05-01',
      UserAccessKeyId: accessKeyId,
      Format: 'JSON',
    }
    const toRam = request(program, asked).toString('latin1').replace('kms.cn-hangzhou.', 'ram.')
    const answer = await other.send(toRam)
    assert.match(answer?.body ?? '', /"LastUsedDate":"20/)
    const encrypt = { Action: 'Encrypt', KeyId, Plaintext: 'eA==' }
    for (let i = 0; i < 5; i++)
      for (const connection of [one, other])
        assert.equal((await connection.send(request(program, encrypt)))?.status, 200)
    const uses = (text: string) => Number(/^strongroom_key_version_uses\{[^}]*\} (\d+)$/m.exec(text)?.[1])
    await until(async () => uses(await metrics(program)) === 10)
    assert.equal(await program.stop(), 0)
    const { out } = await runProgram(['key', 'usage', '--key-id', KeyId, '--data', program.data])
    assert.match(out, /\b10\b/)
  })

  it('uses keys in an HSM, whose library the owner of the database has', async () => {
    using token = makeToken('SoftHSM2')
    const program = await startProgram({
      flags: ['--workers', '2', '--metrics-listen', '127.0.0.1:0', ...token.flags],
      env: token.env,
    })
    running.push(program)
    const all = (await connections(program, 4)) as [Connection, ...Connection[]]
    const [first] = all
    const hsm = { Format: 'JSON' }
    const created = await first.send(request(program, { Action: 'CreateKey', ProtectionLevel: 'HSM', ...hsm }))
    assert.equal(codeIn(created), 'OK', `${created?.body} ${program.log()}`)
    const { KeyId } = JSON.parse(created?.body ?? '').KeyMetadata
    for (const connection of all) {
      const sealed = await connection.send(request(program, { Action: 'Encrypt', KeyId, Plaintext: 'eA==', ...hsm }))
      const CiphertextBlob: string = JSON.parse(sealed?.body ?? '').CiphertextBlob
      const opened: RawAnswer | null = await all[0].send(
        request(program, { Action: 'Decrypt', CiphertextBlob, ...hsm }),
      )
      assert.equal(JSON.parse(opened?.body ?? '').Plaintext, 'eA==')
    }
    const answered = async (connection: Connection, parameters: Record<string, string>) => {
      const answer = await connection.send(request(program, { ...parameters, ...hsm }))
      assert.equal(codeIn(answer), 'OK', answer?.body ?? '')
      return JSON.parse(answer?.body ?? '')
    }
    const asked = { Action: 'CreateKey', ProtectionLevel: 'HSM', KeySpec: 'EC_P256' }
    const pair: string = (await answered(first, asked)).KeyMetadata.KeyId
    const listed = await answered(first, { Action: 'ListKeyVersions', KeyId: pair })
    const { KeyVersionId } = listed.KeyVersions.KeyVersion[0]
    const Digest = Buffer.alloc(32).toString('base64')
    const of = { KeyId: pair, KeyVersionId, Algorithm: 'ECDSA_SHA_256', Digest }
    for (const connection of all) {
      const { Value } = await answered(connection, { ...of, Action: 'AsymmetricSign' })
      assert.equal((await answered(first, { ...of, Action: 'AsymmetricVerify', Value })).Value, true)
    }
    assert.equal(codeIn(await first.send(request(program, { Action: 'DisableKey', KeyId, ...hsm }))), 'OK')
    for (const connection of all)
      assert.equal(
        codeIn(await connection.send(request(program, { Action: 'Encrypt', KeyId, Plaintext: 'eA==', ...hsm }))),
        'Rejected.Disabled',
      )
    assert.equal(await program.stop(), 0)
  })

  it('limits rates as one process does', async () => {
    const quotas = join(temporaryFolder(), 'quotas.json')
    const rates = [{ product: 'Kms', operations: ['ListKeys'], calls: 50, seconds: 3600 }]
    writeFileSync(quotas, JSON.stringify({ default: { rates } }))
    const program = await started(['--quotas-file', quotas])
    const all = await connections(program, 4)
    const codes = await Promise.all(
      all.map(async (connection) => {
        const found: string[] = []
        for (let i = 0; i < 30; i++)
          found.push(codeIn(await connection.send(request(program, { Action: 'ListKeys', Format: 'JSON' }))))
        return found
      }),
    )
    assert.equal(codes.flat().filter((code) => code === 'OK').length, 50)
    assert.equal(codes.flat().filter((code) => code === 'Rejected.Throttling').length, 70)
  })

  it('limits connections as one process does', async () => {
    const program = await started(['--max-connections', '20', '--max-connections-per-source', '8'])
    const strangers = await Promise.all(
      Array.from({ length: 12 }, () => Connection.open(program.endpoint, '127.0.0.9')),
    )
    await until(async () => seriesIn(await metrics(program), 'strongroom_connections') === 12)
    const known: Connection[] = []
    for (let i = 0; i < 15; i++) {
      const connection = await Connection.open(program.endpoint, '127.0.0.1')
      known.push(connection)
      assert.equal(codeIn(await connection.send(request(program, { Action: 'ListKeys', Format: 'JSON' }))), 'OK')
    }
    await until(() => strangers.filter(({ closed }) => closed).length === 7)
    assert.equal(known.filter(({ closed }) => closed).length, 0)
    assert.equal(seriesIn(await metrics(program), 'strongroom_connections'), 20)
    for (const connection of [...strangers, ...known]) connection.close()
  })

  it('limits connections that come in a rush', async () => {
    const program = await started(['--max-connections', '20'])
    const all = await connections(program, 300)
    await until(() => all.filter(({ closed }) => !closed).length === 20)
    await until(async () => seriesIn(await metrics(program), 'strongroom_connections') === 20)
    const gaveWay = seriesIn(await metrics(program), 'strongroom_disconnections_total{reason="gave way to another"}')
    assert.equal(gaveWay, 280)
    for (const connection of all) connection.close()
  })

  it('refuses a number of workers that makes no sense, and any with --dev', async () => {
    const refusal = async (...flags: string[]) => {
      const { code, err } = await runProgram([
        'serve',
        '--data',
        temporaryFolder(),
        '--listen',
        '127.0.0.1:0',
        ...flags,
      ])
      assert.equal(code, 2)
      return err
    }
    assert.match(await refusal('--workers', 'many'), /`workers` must be auto or a whole number from 0 to 64/)
    assert.match(await refusal('--workers', '2', '--dev'), /`dev` uses a single process/)
  })
})

describe('a worker that is killed', () => {
  it('costs its own calls alone, and is started again', async () => {
    const program = await started()
    const all = await evenConnections(program, 6)
    const ends = all.map(async (connection) => {
      for (;;) {
        const code = codeIn(await connection.send(request(program, { Action: 'ListKeys', Format: 'JSON' })))
        if (code === 'closed' || (stopped && code === 'OK')) return code
        assert.equal(code, 'OK')
      }
    })
    let stopped = false
    const [victim = 0] = workersOf(program)
    process.kill(victim, 'SIGKILL')
    await until(() => all.filter(({ closed }) => closed).length === 3)
    stopped = true
    assert.deepEqual((await Promise.all(ends)).toSorted(), ['OK', 'OK', 'OK', 'closed', 'closed', 'closed'])
    await until(() => workersOf(program).length === 2)
    assert.ok(!workersOf(program).includes(victim))
    for (const connection of await connections(program, 4))
      assert.equal(codeIn(await connection.send(request(program, { Action: 'ListKeys', Format: 'JSON' }))), 'OK')
    assert.match(program.log(), /a worker ended, and is restarted/)
    assert.equal(await program.stop(), 0)
    assert.equal((await runProgram(['audit', 'verify', '--data', program.data])).code, 0)
  })
})

describe('a worker that hangs and is killed', () => {
  it('loses the connections that it has not accepted yet', async () => {
    const program = await started()
    const [victim = 0] = workersOf(program)
    // All come at once, so that they are dealt before the owner misses a reply.
    program.process.kill('SIGSTOP')
    process.kill(victim, 'SIGSTOP')
    const all = await connections(program, 10)
    program.process.kill('SIGCONT')
    const answers = all.map((connection) => connection.send(request(program, { Action: 'ListKeys', Format: 'JSON' })))
    let answered = 0
    for (const answer of answers) void answer.then(() => answered++)
    await until(() => answered === 5)
    process.kill(victim, 'SIGKILL')
    const codes = (await Promise.all(answers)).map(codeIn)
    assert.equal(codes.filter((code) => code === 'OK').length, 5)
    assert.equal(codes.filter((code) => code === 'closed').length, 5)
  })
})

describe('a worker that hangs', () => {
  it('keeps nobody else waiting, and is ended', async () => {
    const program = await started()
    const all = await evenConnections(program, 2)
    const [victim = 0] = workersOf(program)
    process.kill(victim, 'SIGSTOP')
    const answers = all.map((connection) => connection.send(request(program, { Action: 'CreateKey', Format: 'JSON' })))
    assert.equal(codeIn(await Promise.race(answers)), 'OK')
    assert.equal(seriesIn(await metrics(program), 'strongroom_connections'), 2)
    assert.deepEqual((await Promise.all(answers)).map(codeIn).toSorted(), ['OK', 'closed'])
    await until(() => workersOf(program).length === 2)
    assert.match(program.log(), /a worker has not replied for 10 seconds, and is killed/)
    for (const connection of await connections(program, 4))
      assert.equal(codeIn(await connection.send(request(program, { Action: 'ListKeys', Format: 'JSON' }))), 'OK')
    assert.equal(await program.stop(), 0)
  })
})

describe('a server with workers that ends', () => {
  it('leaves no process behind when it is killed, and starts again on the same data', async () => {
    const program = await started()
    const all = await connections(program, 4)
    for (const connection of all) connection.write(request(program, { Action: 'CreateKey', Format: 'JSON' }))
    const workers = workersOf(program)
    program.process.kill('SIGKILL')
    await until(() => !workers.some(isAlive))
    for (const connection of all) await connection.ended()
    const again = await startProgram({ data: program.data, flags: ['--workers', '2'] })
    running.push(again)
    assert.equal((await again.call('ListKeys')).status, 200)
  })

  it('finishes the calls in flight', async () => {
    const program = await started()
    const all = await connections(program, 16)
    let [answered, cut] = [0, 0]
    const clients = all.map(async (connection) => {
      for (;;) {
        const answer = await connection.send(request(program, { Action: 'CreateKey', Format: 'JSON' }))
        if (answer === null) return void cut++
        assert.equal(answer.status, 200, answer.body)
        answered++
        if (/connection: close/i.test(answer.headers)) return
      }
    })
    await until(() => answered > 200)
    assert.equal(await program.stop(), 0, program.log())
    await Promise.all(clients)
    const house = await openHouse(
      readSettings(['--data', program.data], {}, () => ''),
      () => {},
      Date.now(),
    )
    const [account] = await house.accounts.list()
    const keys = await house.ledger.count(
      { name: 'cmk', counted: true },
      { account: account?.id ?? '', region: 'cn-hangzhou' },
    )
    await house.storage.close()
    assert.ok(answered <= keys && keys <= answered + cut, `${answered} answered, ${cut} cut, ${keys} made`)
    assert.doesNotMatch(program.log(), /failed|ended/)
  })
})

describe('a core dump', () => {
  it('is made of no process, whatever the system allows', async () => {
    const program = await startProgram({
      command: ['sh', '-c', 'ulimit -S -c 1 && exec "$0" serve "$@"', BIN],
      flags: ['--workers', '2'],
    })
    running.push(program)
    const processes = [program.process.pid ?? 0, ...workersOf(program)]
    assert.equal(processes.length, 3)
    for (const pid of processes)
      assert.match(readFileSync(`/proc/${pid}/limits`, 'latin1'), /^Max core file size +0 +0 /m)
  })
})

describe('a debugger', () => {
  it('is started in no process by SIGUSR1, the signal for it in Node', async () => {
    using token = makeToken('SoftHSM2')
    const program = await startProgram({ flags: ['--workers', '2', ...token.flags], env: token.env })
    running.push(program)
    const owner = program.process.pid ?? 0
    const processes = [owner, ...childrenOf(owner)]
    assert.equal(processes.length, 4, 'the owner, two workers and the library')
    for (const pid of processes) {
      const [, caught = ''] = /^SigCgt:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
      assert.equal(BigInt(`0x${caught}`) & (1n << BigInt(constants.signals.SIGUSR1 - 1)), 0n)
      process.kill(pid, 'SIGUSR1')
    }
    assert.equal((await program.call('CreateKey')).status, 200)
    assert.deepEqual([owner, ...childrenOf(owner)], processes)
  })
})

describe('the root keys', () => {
  it('are in the memory of workers alone: not in their environment, their arguments or the data folder', async () => {
    const program = await startProgram({
      flags: ['--workers', '2'],
      env: { STRONGROOM_PASSPHRASE: 'correct horse battery' },
    })
    running.push(program)
    assert.equal((await program.call('CreateKey')).status, 200)
    const house = await openHouse(
      readSettings(['--data', program.data], { STRONGROOM_PASSPHRASE: 'correct horse battery' }, () => ''),
      () => {},
      Date.now(),
    )
    const wrapped = Buffer.from(house.ring.record.body.ring?.wrapped ?? '', 'base64')
    const bytes = await house.ring.provider.unwrap(wrapped)
    const roots = decodeRing(bytes ?? Buffer.alloc(0))?.roots ?? []
    await house.storage.close()
    assert.equal(roots.length, 1)
    const secrets = [...roots, Buffer.from('correct horse battery')].flatMap((secret) =>
      (['latin1', 'hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(secret).toString(form)),
    )
    const { pid = 0 } = program.process
    const files = [
      `/proc/${pid}/cmdline`,
      ...workersOf(program).flatMap((worker) => [`/proc/${worker}/cmdline`, `/proc/${worker}/environ`]),
      ...readdirSync(program.data).map((name) => join(program.data, name)),
    ]
    assert.ok(files.length > 7)
    for (const file of files) {
      const content = readFileSync(file, 'latin1')
      assert.ok(!secrets.some((secret) => content.includes(secret)), file)
    }
  })
})
