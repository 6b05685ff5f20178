// Starting and stopping: what a start that can't work says, what the first one prints, and how a running one ends.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { selfSigned } from '../../src/gateway/certificates.ts'
import { openHouse } from '../../src/house/open.ts'
import { changeToPassphrase } from '../../src/rootkeys/change-provider.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { VERSION } from '../../src/settings/version.ts'
import { wrap } from '../kms/byok.ts'
import { times } from '../size.ts'
import { until } from '../until.ts'
import { runHere } from './line.ts'
import { BIN, call, runProgram, startProgram, temporaryFolder } from './program.ts'
import { Connection, post, signedForm } from './raw.ts'

const SERVE = ['serve', '--listen', '127.0.0.1:0']
/** Makes a process name each module that it loads on standard error: it looks each up in the compile cache. */
const SHOWS_MODULES = {
  NODE_COMPILE_CACHE: join(BIN, '../../node_modules/.cache/node-compile-cache'),
  NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
}
/** A start that fails before it holds anything, in this process: its exit code and what it said. */
async function failingStart(args: readonly string[], env: Record<string, string> = {}) {
  const { code, err } = await runHere([...SERVE, '--log-level', 'error', ...args], env)
  return { code, err }
}

describe('the program', () => {
  it('keeps compiled code for the next start', () => {
    const { NODE_COMPILE_CACHE: _, ...rest } = process.env
    const env = { ...rest, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' }
    const version = () => spawnSync(BIN, ['--version'], { env, encoding: 'utf8' }).stderr.split('\n')
    version()
    const read =
      /reading cache from \S*\/node_modules\/\.cache\/node-compile-cache\/\S* for ESM file:\S*\/src\/main\.ts.*success/
    const [first] = version().filter((line) => line.includes('/src/main.ts...[') && line.includes(' for ESM '))
    assert.match(first ?? '', read)
  })

  it('keeps compiled code where only its owner can write, whatever the umask', () => {
    const above = join(temporaryFolder(), 'above')
    const cache = join(above, 'cache')
    const env = { ...process.env, NODE_COMPILE_CACHE: cache }
    const { status } = spawnSync('sh', ['-c', 'umask 0; exec "$0" --version', BIN], { env })
    assert.equal(status, 0)
    assert.equal(statSync(above).mode & 0o777, 0o755)
    assert.equal(statSync(cache).mode & 0o777, 0o700)
    assert.ok(readdirSync(cache).length > 0)
  })

  it('starts even if it can write no compiled code', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    const { code, out, err } = await runProgram(['--version'], { NODE_COMPILE_CACHE: join(file, 'cache') })
    assert.deepEqual([code, out, err], [0, `strongroom ${VERSION}\n`, ''])
  })

  it('loads for a verb what that verb needs, and no more', () => {
    const roomsOf = (...words: readonly string[]) => {
      const env = { ...process.env, ...SHOWS_MODULES }
      const { stderr } = spawnSync(BIN, words, { env, encoding: 'utf8' })
      return new Set([...stderr.matchAll(/\/src\/([\w-]+)\//g)].map(([, room]) => room))
    }
    assert.deepEqual([...roomsOf('--version')].sort(), ['cli', 'settings'])
    const ofCalls = roomsOf('kms', '--help')
    assert.ok(ofCalls.has('kms'))
    assert.deepEqual([ofCalls.has('house'), ofCalls.has('console'), ofCalls.has('actiontrail')], [false, false, false])
  })

  it('loads what a usual server does not need only when it is needed', async () => {
    const program = await startProgram({ data: temporaryFolder(), env: SHOWS_MODULES, flags: ['--workers', '0'] })
    await program.stop()
    const log = program.log()
    const packages = [
      'kysely',
      'jose',
      'pino',
      'postgres',
      'prom-client',
      'qrcode',
      'marked',
      '@aws-sdk/client-s3',
      '@peculiar/x509',
    ]
    const used = packages.filter((name) => log.includes(`/node_modules/${name}/`))
    assert.deepEqual(used, ['kysely', 'pino'])
  })
})

describe('the first start', () => {
  it('prints endpoint, console and AccessKeyId, and keeps the secret in a file for its owner alone', async () => {
    const program = await startProgram({ data: temporaryFolder() })
    const { accountId, accessKeyId, accessKeySecret } = program.credentials
    assert.match(accountId, /^\d{16}$/)
    assert.match(accessKeyId, /^LTAI[A-Za-z0-9]{20}$/)
    for (const shown of [
      program.endpoint,
      `${program.endpoint}/console`,
      accountId,
      accessKeyId,
      join(program.data, 'root-credentials.json'),
    ])
      assert.ok(program.log().includes(shown))
    assert.equal(program.log().includes(accessKeySecret), false, 'a log is no terminal')
    for (const name of ['root-credentials.json', 'root-key'])
      assert.equal(statSync(join(program.data, name)).mode & 0o777, 0o600, name)
    await program.stop()
    const again = await startProgram({ data: program.data })
    assert.equal(again.log().includes(accessKeySecret), false)
    assert.equal((await again.call('ListKeys')).status, 200)
    await again.stop()
    const database = readdirSync(program.data).filter((name) => name.startsWith('strongroom.db'))
    for (const name of database)
      assert.equal(
        readFileSync(join(program.data, name)).includes(accessKeySecret),
        false,
        'secrets are sealed at rest',
      )
  })

  it('prints a line that makes the first key, wherever the server and its data are', async () => {
    const program = await startProgram({
      data: join(temporaryFolder(), "a 'new' folder"),
      flags: ['--tls', 'self-signed'],
    })
    try {
      const [, line = ''] = /^ {2}try: (.*)$/m.exec(program.log()) ?? []
      assert.match(line, /^bin\/strongroom kms CreateKey /)
      const { status, stderr } = spawnSync('sh', ['-c', line], { cwd: join(BIN, '../..'), encoding: 'utf8' })
      assert.equal(status, 0, stderr)
    } finally {
      await program.stop()
    }
  })

  it('shows the secret on a terminal', async () => {
    const data = temporaryFolder()
    const command = `exec ${BIN} serve --data ${data} --listen 127.0.0.1:0`
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
    const ended = once(terminal, 'exit')
    try {
      let shown = ''
      for await (const chunk of terminal.stdout) {
        shown += chunk
        if (shown.includes('"ready"')) break
      }
      const { accessKeySecret } = JSON.parse(readFileSync(join(data, 'root-credentials.json'), 'utf8'))
      assert.match(shown, /shown only once/)
      assert.ok(shown.includes(accessKeySecret))
    } finally {
      // Ctrl-C, as it is typed.
      terminal.stdin.end('\x03')
      await ended
    }
  })

  it('takes fixed credentials from the environment', async () => {
    const env = {
      STRONGROOM_ACCOUNT_ID: '1234567890123456',
      STRONGROOM_ROOT_ACCESS_KEY_ID: 'test-id',
      STRONGROOM_ROOT_ACCESS_KEY_SECRET: 'test-secret',
    }
    const program = await startProgram({ data: temporaryFolder(), env })
    const { body } = await program.call('CreateKey')
    assert.equal(body.KeyMetadata.Creator, '1234567890123456')
    assert.equal(program.log().includes('test-secret'), false)
    await program.stop()
    const changed = await startProgram({
      data: program.data,
      env: { ...env, STRONGROOM_ROOT_ACCESS_KEY_SECRET: 'new-secret' },
    })
    assert.equal((await changed.call('DescribeKey', { KeyId: body.KeyMetadata.KeyId })).status, 200)
    const old = await call(
      changed.endpoint,
      { accessKeyId: 'test-id', accessKeySecret: 'test-secret' },
      'ListKeys',
      {},
      Date.now(),
    )
    assert.equal(old.body.Code, 'SignatureDoesNotMatch')
    await changed.stop()
  })
})

describe('a start that can not work', () => {
  it('says what to change when the command line or the configuration is wrong', async () => {
    const configuration = join(temporaryFolder(), 'config.json')
    const withConfiguration = (text: string) => {
      writeFileSync(configuration, text)
      return ['--config', configuration]
    }
    const cases: [readonly string[], RegExp][] = [
      [['--lisen', '1'], /unknown flag `--lisen`/],
      [['--data'], /`--data` needs a value/],
      [['--listen', '7700'], /HOST:PORT/],
      [['--listen', '127.0.0.1:70000'], /HOST:PORT/],
      [['--region', 'cn-hangzhou,Mars!'], /`Mars!`/],
      [['--tls', 'yes'], /self-signed/],
      [['--tls-cert', 'x.pem'], /set both `tls-cert` and `tls-key`, or neither/],
      [['--tls', 'self-signed', '--tls-cert', 'x.pem'], /set `tls` .*, or `tls-cert` and `tls-key` .*, but not both/],
      ...[
        'mysql://root:canary@db/kms',
        'postgres:/root:canary@db/kms',
        'root:canary@db/kms',
        'host=/run/postgresql user=root password=canary',
      ].map((database): [string[], RegExp] => [
        ['--database', database],
        /`database` must be postgresql:\/\/… or the path of a SQLite file$/m,
      ]),
      [['--max-keys', 'many'], /whole number/],
      [['--log-level', 'loud'], /debug, info/],
      [['--listen', '0.0.0.0:0'], /plain HTTP on `0.0.0.0`.*`insecure-http`/],
      [['--metrics-listen', '0.0.0.0:0'], /plain HTTP on `0.0.0.0`.*`insecure-http`/],
      [withConfiguration('{"colour":"red"}'), /unknown key `colour`/],
    ]
    for (const [args, message] of cases) {
      if (args[0] === '--config') withConfiguration('{"colour":"red"}')
      const { code, err } = await failingStart(args)
      assert.equal(code, 2, args.join(' '))
      assert.match(err, message)
      assert.doesNotMatch(err, /canary/)
    }
    assert.equal((await runProgram([...SERVE, '--lisen', '1'])).code, 2, 'the process ends with that code')
    withConfiguration('not json')
    assert.match((await failingStart(['--config', configuration])).err, /can't be read/)
    const { err } = await failingStart([], { STRONGROOM_ACCOUNT_ID: '12' })
    assert.match(err, /STRONGROOM_ACCOUNT_ID must be 16 digits/)
  })

  it('refuses a data folder that another server serves, a wrong root key, and a newer database', async () => {
    const data = temporaryFolder()
    const program = await startProgram({ data })
    const second = await runProgram([...SERVE, '--data', data])
    assert.deepEqual([second.code, /another strongroom serves/.test(second.err)], [1, true], second.err)
    assert.equal((await program.call('ListKeys')).status, 200)
    await program.stop()

    const rootKey = join(data, 'root-key')
    renameSync(rootKey, `${rootKey}.away`)
    assert.match((await failingStart(['--data', data])).err, /root key file .* is missing/)
    writeFileSync(rootKey, `${'0'.repeat(64)}\n`, { mode: 0o600 })
    assert.match(
      (await failingStart(['--data', data])).err,
      /does not open this database: start with the one that the database currently uses/,
    )
    writeFileSync(rootKey, 'short')
    assert.match((await failingStart(['--data', data])).err, /does not hold a root key/)
    renameSync(`${rootKey}.away`, rootKey)
    for (const mode of [0o644, 0o640, 0o606]) {
      chmodSync(rootKey, mode)
      const open = `root key file \`${rootKey}\` can be reached by others (mode 0${mode.toString(8)}): run \`chmod 600 ${rootKey}\``
      const { code, err } = await failingStart(['--data', data])
      assert.deepEqual([code, err.includes(open)], [1, true], err)
    }
    chmodSync(rootKey, 0o600)

    const db = new DatabaseSync(join(data, 'strongroom.db'))
    db.exec('PRAGMA user_version = 99')
    db.close()
    assert.match((await failingStart(['--data', data])).err, /version 99.*newer strongroom/)
    const [empty, lost] = [temporaryFolder(), join(temporaryFolder(), 'none', 'kms.db')]
    const unopened = await failingStart(['--data', empty, '--database', lost])
    assert.deepEqual([unopened.code, unopened.err.includes(`SQLite: \`${lost}\``)], [1, true], unopened.err)
    assert.match(unopened.err, /unable to open database file: check that its folder exists/)
    const unreachable = await failingStart([
      '--data',
      temporaryFolder(),
      '--database',
      'postgresql://nobody@127.0.0.1:1/none',
    ])
    assert.deepEqual([unreachable.code, /PostgreSQL/.test(unreachable.err)], [1, true], unreachable.err)
  })

  it('refuses a SQLite database that another server serves, whatever the data folder and the path', async () => {
    const [own, other, elsewhere, beside] = [temporaryFolder(), temporaryFolder(), temporaryFolder(), temporaryFolder()]
    // A file name that begins like the URL of a PostgreSQL.
    const database = join(elsewhere, 'postgres.db')
    symlinkSync(elsewhere, join(beside, 'link'))
    for (const [served, flags, again] of [
      [own, [], join(own, 'strongroom.db')],
      [other, ['--database', database], join(beside, 'link', 'postgres.db')],
    ] as const) {
      const program = await startProgram({ data: served, flags })
      const second = ['--data', beside, '--database', again, '--root-key-file', join(served, 'root-key')]
      const { code, err } = await runProgram([...SERVE, ...second])
      assert.deepEqual([code, err.includes(`another strongroom serves the database \`${again}\``)], [1, true], err)
      assert.equal(await program.stop(), 0)
    }
  })

  it('names the setting whose file is no certificate, no private key, or missing', async () => {
    const at = temporaryFolder()
    const [own, other] = [await selfSigned(at, ['localhost'], Date.now()), await selfSigned(at, ['localhost'], 0)]
    const fileWith = (name: string, text: string) => {
      writeFileSync(join(at, name), text)
      return join(at, name)
    }
    const [cert, key] = [fileWith('cert.pem', own.cert), fileWith('key.pem', own.key)]
    const [strange, text] = [fileWith('other.pem', other.key), fileWith('text.pem', 'no certificate')]
    const [none, empty] = [join(at, 'none.pem'), fileWith('empty.pem', '')]
    const isNoKey = (file: string) =>
      `the file \`${file}\` of \`tls-key\` is not the private key (PEM) of \`tls-cert\`: `
    for (const [certFile, keyFile, message] of [
      [text, key, `the file \`${text}\` of \`tls-cert\` is no certificate chain (PEM): `],
      [empty, key, `the file \`${empty}\` of \`tls-cert\` is no certificate chain (PEM): `],
      [cert, text, isNoKey(text)],
      [cert, empty, isNoKey(empty)],
      [cert, strange, isNoKey(strange)],
      [none, key, `the file \`${none}\` of \`tls-cert\` can't be read: ENOENT`],
      [cert, none, `the file \`${none}\` of \`tls-key\` can't be read: ENOENT`],
    ] as const) {
      const files = ['--tls-cert', certFile, '--tls-key', keyFile]
      const { code, err } = await runProgram([...SERVE, '--data', temporaryFolder(), ...files])
      assert.deepEqual([code, err.includes(`strongroom: ${message}`)], [2, true], err)
    }
  })

  it('takes the root key from a passphrase, and from that passphrase only', async () => {
    const data = temporaryFolder()
    const short = await failingStart(['--data', data], { STRONGROOM_PASSPHRASE: 'eleven char' })
    assert.match(short.err, /a new passphrase must have at least 12 characters/)
    const program = await startProgram({ data, env: { STRONGROOM_PASSPHRASE: 'correct horse' } })
    const { KeyId } = (await program.call('CreateKey')).body.KeyMetadata
    await program.stop()
    assert.equal(readdirSync(data).includes('root-key'), false)
    assert.match(
      (await failingStart(['--data', data], { STRONGROOM_PASSPHRASE: 'battery staple' })).err,
      /passphrase does not open this database/,
    )
    assert.match((await failingStart(['--data', data])).err, /set up with a passphrase/)
    const older = temporaryFolder()
    const { ring, storage, region } = await openHouse(
      readSettings(['--data', older], {}, () => ''),
      () => {},
      Date.now(),
    )
    await changeToPassphrase(ring, 'short', null, SYSTEM, { at: Date.now(), region }).finally(() => storage.close())
    const kept = await startProgram({ data: older, env: { STRONGROOM_PASSPHRASE: 'short' } })
    assert.equal(await kept.stop(), 0, 'one that is in use may be shorter')
    const file = join(temporaryFolder(), 'passphrase')
    writeFileSync(file, 'correct horse\n')
    const again = await startProgram({ data, flags: ['--passphrase-file', file] })
    assert.equal((await again.call('Encrypt', { KeyId, Plaintext: 'x' })).status, 200)
    await again.stop()
  })
})

describe('metrics beyond loopback', () => {
  it('go over HTTPS, with the certificate of the service, unless plain HTTP is allowed', async () => {
    const data = temporaryFolder()
    const open = ['--metrics-listen', '0.0.0.0:0']
    const served = await startProgram({ data, flags: [...open, '--tls', 'self-signed'] })
    try {
      assert.match(served.metrics ?? '', /^https:/)
      const ca = readFileSync(join(data, 'tls', 'ca.pem'))
      const [response] = await once(get(served.metrics ?? '', { ca, family: 4 }), 'response')
      assert.equal(response.statusCode, 200)
      response.resume()
      await assert.rejects(fetch((served.metrics ?? '').replace('https', 'http')))
    } finally {
      await served.stop()
    }
    const plain = await startProgram({ data: temporaryFolder(), flags: [...open, '--insecure-http'] })
    try {
      assert.equal((await fetch(plain.metrics ?? '')).status, 200)
    } finally {
      await plain.stop()
    }
  })
})

describe("HTTPS with a certificate of one's own", () => {
  it('serves HTTPS, and no plain HTTP any more', async () => {
    const data = temporaryFolder()
    const [cert, key] = [join(data, 'cert.pem'), join(data, 'key.pem')]
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=own']
    execFileSync('openssl', [...request, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], {
      stdio: 'pipe',
    })
    const program = await startProgram({ data, flags: ['--tls-cert', cert, '--tls-key', key] })
    assert.match(program.endpoint, /^https:/)
    const args = ['kms', 'ListKeys', '--endpoint', program.endpoint, '--data', data]
    const trusted = await runProgram([...args, '--ca-file', cert])
    assert.equal(trusted.code, 0, trusted.err)
    assert.equal((await runProgram(args)).code, 1)
    await assert.rejects(fetch(program.endpoint.replace('https', 'http')))
    await program.stop()
    const missing = ['--data', data, '--tls-cert', `${cert}x`, '--tls-key', key]
    assert.match((await runProgram([...SERVE, ...missing])).err, /cert\.pemx/)
  })
})

describe('background work', () => {
  it('removes expired material by itself, and records it', async () => {
    const program = await startProgram({ data: temporaryFolder() })
    const { KeyId } = (await program.call('CreateKey', { Origin: 'EXTERNAL' })).body.KeyMetadata
    const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
    const { PublicKey, ImportToken } = (await program.call('GetParametersForImport', { KeyId, ...wrapping })).body
    const EncryptedKeyMaterial = wrap(PublicKey, 'RSAES_OAEP_SHA_256', Buffer.alloc(32, 9))
    // The moment is past when the call comes too late.
    for (let [ahead, status] = [1, 0]; status !== 200; ahead *= 2) {
      const KeyMaterialExpireUnix = String(Math.ceil(Date.now() / 1000) + ahead)
      const own = { KeyId, ImportToken, EncryptedKeyMaterial, KeyMaterialExpireUnix }
      ;({ status } = await program.call('ImportKeyMaterial', own))
    }
    const recorded = () => {
      using db = new DatabaseSync(join(program.data, 'strongroom.db'), { readOnly: true })
      return db.prepare("SELECT count(*) AS n FROM event WHERE body LIKE '%DeleteExpiredKeyMaterial%'").get()?.['n']
    }
    await until(() => recorded() === 1)
    assert.equal((await program.call('DescribeKey', { KeyId })).body.KeyMetadata.KeyState, 'PendingImport')
    await program.stop()
  })
})

describe('SIGTERM', () => {
  it('lets calls in flight finish, and the process end with 0', async () => {
    const program = await startProgram({ data: temporaryFolder() })
    const { KeyId } = (await program.call('CreateKey', { Origin: 'EXTERNAL' })).body.KeyMetadata
    const connections = await Promise.all(Array.from({ length: 12 }, () => Connection.open(program.endpoint)))
    // Making an RSA pair takes long enough to be in flight when the signal comes.
    const slow = {
      Action: 'GetParametersForImport',
      KeyId,
      WrappingAlgorithm: 'RSAES_OAEP_SHA_1',
      WrappingKeySpec: 'RSA_2048',
    }
    const answers = connections.map((connection) => connection.send(post(signedForm(slow, program.credentials))))
    await Promise.race(answers)
    const ended = program.stop('SIGTERM')
    assert.deepEqual(new Set((await Promise.all(answers)).map((answer) => answer?.status)), new Set([200]))
    assert.equal(await ended, 0)
    await assert.rejects(Connection.open(program.endpoint))
  })

  for (const workers of ['0', '2'])
    it(`leaves no call without an answer that had arrived before it, with ${workers} workers`, async () => {
      const program = await startProgram({ data: temporaryFolder(), flags: ['--workers', workers] })
      const listKeys = () => post(signedForm({ Action: 'ListKeys' }, program.credentials))
      const atRest = await Promise.all(Array.from({ length: 10 }, () => Connection.open(program.endpoint)))
      for (const connection of atRest) assert.equal((await connection.send(listKeys()))?.status, 200)
      // What arrives while the process is stopped is with the system when the signal comes.
      program.process.kill('SIGSTOP')
      const fresh = await Promise.all(Array.from({ length: 30 }, () => Connection.open(program.endpoint)))
      const answers = [...fresh, ...atRest].map((connection) => connection.send(listKeys()))
      await Promise.all([...fresh, ...atRest].map((connection) => connection.drained()))
      const ended = program.stop('SIGTERM')
      program.process.kill('SIGCONT')
      assert.deepEqual(new Set((await Promise.all(answers)).map((answer) => answer?.status)), new Set([200]))
      assert.equal(await ended, 0)
    })

  it('says of a witness that can not be written that it is the witness', async () => {
    const program = await startProgram({ data: temporaryFolder() })
    const witness = join(program.data, 'audit-witness.json')
    // The server must not write it in between.
    program.process.kill('SIGSTOP')
    rmSync(witness, { force: true })
    mkdirSync(witness)
    program.process.kill('SIGCONT')
    assert.equal((await program.call('ListKeys')).status, 200)
    assert.equal(await program.stop('SIGTERM'), 0)
    assert.match(program.log(), /"msg":"the witness of the trail could not be renewed"/)
    assert.doesNotMatch(program.log(), /the last checkpoint of the trail could not be stored/)
  })

  it('stops the server from the moment of its ready line on', async () => {
    const data = temporaryFolder()
    for (let round = 0; round < times('stops right after a start'); round++) {
      const program = await startProgram({ data })
      assert.equal(await program.stop('SIGTERM'), 0)
    }
  })
})

describe('accounts and regions', () => {
  it('are several in one server, each with keys of its own; an account made beside a running server is served at once', async () => {
    const data = temporaryFolder()
    const program = await startProgram({ data, flags: ['--region', 'cn-beijing,us-east-1'] })
    await program.call('CreateKey')
    const made = await runProgram(['account', 'create', '--name', 'team', '--data', data])
    assert.equal(made.code, 0, made.err)
    const other = JSON.parse(made.out)
    const listed = (parameters = {}) => call(program.endpoint, other, 'ListKeys', parameters, Date.now())
    assert.equal((await listed()).body.TotalCount, 0)
    await call(program.endpoint, other, 'CreateKey', { RegionId: 'us-east-1' }, Date.now())
    assert.deepEqual(
      [(await listed()).body.TotalCount, (await listed({ RegionId: 'us-east-1' })).body.TotalCount],
      [0, 1],
    )
    assert.equal((await program.call('ListKeys')).body.TotalCount, 1)
    assert.equal((await listed({ RegionId: 'cn-hangzhou' })).body.Code, 'InvalidParameter')
    const regions = (await program.call('DescribeRegions')).body.Regions.Region
    assert.deepEqual(regions, [{ RegionId: 'cn-beijing' }, { RegionId: 'us-east-1' }])
    const all = await runProgram(['account', 'list', '--data', data])
    assert.deepEqual(
      JSON.parse(all.out).map((one: { accountId: string }) => one.accountId),
      [program.credentials.accountId, other.accountId],
    )
    assert.equal((await runProgram(['account', 'create', '--account-id', other.accountId, '--data', data])).code, 2)
    await program.stop()
  })
})
