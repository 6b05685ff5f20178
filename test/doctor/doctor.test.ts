// `strongroom doctor`: on a data folder, on an endpoint, and on both. What the verb prints is in test/transcripts/doctor.txt.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import type { Checkpoint } from '../../src/actiontrail/audit/checkpoint.ts'
import { checkExpiry } from '../../src/doctor/certificate.ts'
import { checkOffset } from '../../src/doctor/clock.ts'
import type { Finding } from '../../src/doctor/finding.ts'
import { checkService, judged } from '../../src/doctor/service.ts'
import { selfSigned } from '../../src/gateway/certificates.ts'
import { writeWitness } from '../../src/house/witness.ts'
import { withoutAccess } from '../acceptance/another-user.ts'
import { runHere } from '../acceptance/line.ts'
import { removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { TestHouse } from '../house.ts'

const DAY_MS = 86_400_000

let house: TestHouse
let witness: Checkpoint
before(async () => {
  process.umask(0o077)
  house = new TestHouse(null, [], {})
  // The command line signs by the machine's clock.
  house.now = Date.now()
  await house.start()
  await house.must('CreateUser', { Version: '2015-05-01', UserName: 'nobody' })
  witness = house.open.trailSigner.checkpoint(await house.open.ledger.heads(), house.now)
  await writeWitness(house.data, witness)
})
after(() => house[Symbol.asyncDispose]())

function remote(): Record<string, string> {
  const { accessKeyId, accessKeySecret } = house.credentials
  return {
    STRONGROOM_ENDPOINT: house.endpoint,
    ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
  }
}

/** What doctor finds, by check: the results, and all that it says. */
async function examine(flags: readonly string[], env: Readonly<Record<string, string>>) {
  const { code, out, err } = await runHere(['doctor', '--json', ...flags], env)
  assert.equal(err, '')
  const { Findings } = JSON.parse(out) as {
    Findings: { Check: string; Result: string; Says: string; Remedy?: string }[]
  }
  const of = (check: string) => Findings.filter(({ Check }) => Check === check)
  return {
    code,
    out,
    results: Object.fromEntries(Findings.map(({ Check, Result }) => [Check, Result])),
    says: (check: string) =>
      of(check)
        .map(({ Says, Remedy = '' }) => `${Says}: ${Remedy}`)
        .join('\n'),
    result: (check: string) =>
      of(check)
        .map(({ Result }) => Result)
        .join(),
  }
}

/** What is wrong in a copy of the data folder that `change` changed; nobody serves it. */
async function examineCopy(change: (data: string) => void, flags: readonly string[] = []) {
  const data = temporaryFolder()
  try {
    for (const name of readdirSync(house.data).filter((one) => !one.endsWith('-shm')))
      copyFileSync(join(house.data, name), join(data, name))
    change(data)
    const before = contents(data)
    const found = await examine(['--data', data, '--listen', '127.0.0.1:1', ...flags], {})
    assert.deepEqual(contents(data), before)
    return found
  } finally {
    removeFolder(data)
  }
}

function contents(folder: string): Record<string, string> {
  const kept = readdirSync(folder).filter((name) => !/-(?:wal|shm)$/.test(name))
  return Object.fromEntries(
    kept.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  )
}

describe('strongroom doctor', () => {
  it('checks a data folder and a server beside it', async () => {
    const found = await examine(['--data', house.data], remote())
    for (const check of [
      'settings',
      'data folder',
      'database',
      'root key',
      'witness',
      'endpoint',
      'clock',
      'credentials',
    ])
      assert.equal(found.result(check), 'ok', found.out)
    for (const check of ['trails', 'HSM', 'keys', 'policies']) assert.equal(found.result(check), 'ok', found.out)
    assert.deepEqual([found.result('backup'), found.result('certificate')], ['not made', 'not made'])
  })

  it('checks a server with nothing but its address, and names what it can’t check', async () => {
    const data = join(house.data, 'none')
    const anonymous = { ...remote(), ALIBABA_CLOUD_ACCESS_KEY_ID: '', STRONGROOM_DATA: data }
    const found = await examine([], anonymous)
    assert.deepEqual([found.result('endpoint'), found.result('database')], ['ok', 'not made'])
    assert.match(found.says('credentials'), /^no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID/)
    assert.equal(found.result('policies'), 'not made')
    const wrong = await examine([], { ...remote(), ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'other', STRONGROOM_DATA: data })
    assert.deepEqual([wrong.code, wrong.result('credentials'), wrong.result('keys')], [1, 'error', 'not made'])
    assert.match(wrong.says('credentials'), /are refused: SignatureDoesNotMatch/)
  })

  it('checks a data folder that nobody serves, changes nothing in it, and prints no secret', async () => {
    const found = await examineCopy(() => {})
    assert.deepEqual([found.result('database'), found.result('root key')], ['ok', 'ok'], found.out)
    assert.deepEqual([found.result('endpoint'), found.result('keys')], ['not made', 'not made'])
    const key = readFileSync(join(house.data, 'root-key'), 'utf8').trim()
    assert.ok(!found.out.includes(key) && !found.out.includes(house.credentials.accessKeySecret))
  })

  it('finds files that others can reach', async () => {
    const found = await examineCopy((data) => {
      chmodSync(data, 0o755)
      chmodSync(join(data, 'strongroom.db'), 0o644)
    })
    assert.deepEqual([found.code, found.result('data folder')], [1, 'warning,error'])
    assert.match(found.says('data folder'), /mode 0755\): run `chmod 700 .*\n.*strongroom\.db` .*run `chmod 600 /)
  })

  it('finds a root key that is missing, or another database’s', async () => {
    const missing = await examineCopy((data) => rmSync(join(data, 'root-key')))
    assert.match(missing.says('root key'), /root-key` is missing: restore the root key from its copy/)
    const other = await examineCopy((data) => writeFileSync(join(data, 'root-key'), 'ab'.repeat(32), { mode: 0o600 }))
    assert.deepEqual([other.code, other.result('root key')], [1, 'error'])
    assert.match(other.says('root key'), /is not the root key of this database/)
  })

  it('finds a trail that ends before what its witness saw, and one without a witness', async () => {
    const heads = [{ seq: witness.seq + 1_000_000, hash: 'x'.repeat(43) }]
    const later = house.open.trailSigner.checkpoint(heads, house.now)
    const cut = await examineCopy((data) => writeFileSync(join(data, 'audit-witness.json'), JSON.stringify(later)))
    assert.match(cut.says('witness'), /^the trail ends at event \d+, and this server saw its event \d+ on /)
    assert.equal(cut.result('witness'), 'error')
    const none = await examineCopy((data) => rmSync(join(data, 'audit-witness.json')))
    assert.equal(none.result('witness'), 'warning')
    assert.equal((await examineCopy((data) => rmSync(join(data, 'audit-witness.json')), ['--strict'])).code, 3)
  })

  it('finds a database that is missing', async () => {
    const found = await examineCopy((data) => rmSync(join(data, 'strongroom.db')))
    assert.deepEqual([found.code, found.result('database'), found.result('witness')], [1, 'error', 'not made'])
  })

  it('finds a data folder to which its owner can not write', async () => {
    const found = await examineCopy((data) => chmodSync(data, 0o500))
    assert.deepEqual([found.code, found.result('data folder')], [1, 'error'])
    assert.match(found.says('data folder'), /^its owner can't write to `.*` \(mode 0500\): .*: run `chmod 700 /)
  })

  it('says what another user than the owner can not read, and makes the other checks', async () => {
    const [data, backups] = [temporaryFolder(), temporaryFolder()]
    try {
      const copies = ['--backup', join(backups, 'backup.age'), '--root-key-copy', join(backups, 'root-key')]
      const line = ['--data', data, '--listen', '127.0.0.1:1', ...copies]
      const found = await withoutAccess([data, backups], () => examine(line, {}))
      assert.equal(found.code, 1)
      assert.match(found.says('data folder'), /^this user can't read `.*` \(EACCES\): run this command as the user of/)
      assert.match(found.says('root key'), /^the data folder can't be read/)
      assert.match(found.says('endpoint'), /127\.0\.0\.1:1 does not answer/)
      assert.match(found.says('backup'), /backup\.age` can't be read: EACCES.*: run this command as a user who can/)
      assert.equal(found.result("root key's copy"), 'not made')
    } finally {
      for (const folder of [data, backups]) removeFolder(folder)
    }
  })

  it('asks for another user where this one can not read the root key', async () => {
    const data = temporaryFolder()
    const key = join(data, 'root-key')
    chmodSync(data, 0o755)
    writeFileSync(key, '0'.repeat(64), { mode: 0o600 })
    const found = await withoutAccess([key], () => examine(['--data', data, '--root-key-copy', join(data, 'copy')], {}))
    assert.match(found.says("root key's copy"), /^EACCES: .*root-key': run this command as a user who can read it$/)
    removeFolder(data)
  })

  it('sends an operator whose root key is in an HSM to the check of the HSM, and asks for no copy of a file', async () => {
    const found = await examineCopy((data) => {
      using db = new DatabaseSync(join(data, 'strongroom.db'))
      db.exec(
        `UPDATE record SET body = replace(body, '"rootKey":"file"', '"rootKey":"hsm"') WHERE kind = 'installation'`,
      )
      rmSync(join(data, 'root-key'))
    })
    assert.match(
      found.says('root key'),
      /^it is in the HSM, which this command does not use: run `strongroom hsm check`/,
    )
    assert.match(found.says("root key's copy"), /^the root key is in no file here/)
  })

  it('does not take another web server for one that is ready', async () => {
    const other = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>It works!</p>'))
    await once(other.listen(0, '127.0.0.1'), 'listening')
    const { port } = other.address() as AddressInfo
    const endpoint = `http://127.0.0.1:${port}`
    const found = await examine(['--data', join(house.data, 'none')], { ...remote(), STRONGROOM_ENDPOINT: endpoint })
    other.close()
    assert.match(found.says('endpoint'), /is not a Strongroom server: \/readyz answered 200: give the address/)
    assert.match(found.says('credentials'), /^no Strongroom server answers at /)
    assert.deepEqual([found.code, found.result('clock')], [1, 'not made'])
  })

  it('blames no credentials where the server can not verify any', async () => {
    const down = async () => ({ status: 503, answer: { Code: 'ServiceUnavailableTemporary' } })
    const [credentials] = await checkService(down, 'the environment')
    assert.deepEqual(
      [credentials?.result, credentials?.says],
      ['not made', "the server can't verify those of the environment now: ServiceUnavailableTemporary"],
    )
  })

  it('judges the backup and the copy of the root key that are named', async () => {
    const folder = temporaryFolder()
    try {
      const [backup, copy] = [join(folder, 'backup.age'), join(folder, 'copy')]
      writeFileSync(backup, 'age-encryption.org/v1\n-> x\n')
      copyFileSync(join(house.data, 'root-key'), copy)
      const flags = ['--data', house.data, '--backup', backup, '--root-key-copy', copy]
      const found = await examine(flags, remote())
      assert.equal(found.result('backup'), 'ok')
      assert.match(found.says("root key's copy"), /is the root key/)
      const old = (Date.now() - 2 * DAY_MS) / 1000
      utimesSync(backup, old, old)
      writeFileSync(copy, 'ab'.repeat(32))
      const worse = await examine(flags, remote())
      assert.deepEqual([worse.result('backup'), worse.result("root key's copy")], ['warning', 'error'])
      assert.match(worse.says('backup'), /, 48 hours ago: write one/)
    } finally {
      removeFolder(folder)
    }
  })

  it('judges the certificate of the settings', async () => {
    const folder = temporaryFolder()
    try {
      const [soon, other] = [
        await selfSigned(folder, ['kms.example.com'], Date.now() - 390 * DAY_MS),
        await selfSigned(folder, ['kms.example.com'], Date.now()),
      ]
      const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
      writeFileSync(cert, soon.cert)
      writeFileSync(key, other.key)
      const tls = ['--listen', 'other.example.com:7700', '--tls-cert', cert, '--tls-key', key]
      const found = await examine(['--data', house.data, ...tls], remote())
      assert.equal(found.result('certificate'), 'warning,error,warning')
      assert.match(found.says('certificate'), /in 6 days: .*\n.*is not the key of .*\n.*does not name `other\.example/)
    } finally {
      removeFolder(folder)
    }
  })

  it('finds a policy that can never match', async () => {
    const document = { Version: '1', Statement: [{ Effect: 'Allow', Action: 'kms:Encrpyt', Resource: '*' }] }
    await house.must('CreatePolicy', {
      Version: '2015-05-01',
      PolicyName: 'misspelt',
      PolicyDocument: JSON.stringify(document),
    })
    const found = await examine(['--data', house.data], remote())
    assert.equal(found.result('policies'), 'warning')
    assert.match(found.says('policies'), /^in `misspelt`: no call here needs the action `kms:encrpyt`/)
    assert.match(
      judged('broken', '{')
        .map(({ says }) => says)
        .join(),
      /^`broken` is invalid, so its principals/,
    )
  })

  it('finds keys that are destroyed soon', async () => {
    const made = await house.must('CreateKey')
    const { KeyId } = made['KeyMetadata'] as { KeyId: string }
    await house.must('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' })
    const found = await examine(['--data', house.data], remote())
    assert.match(found.says('keys'), new RegExp(`^${KeyId} is destroyed on \\d{4}-`))
  })

  it('finds the credentials in the data folder that the configuration names', async () => {
    const config = join(house.data, 'config.json')
    writeFileSync(config, JSON.stringify({ data: house.data, listen: new URL(house.endpoint).host }))
    const file = join(house.data, 'root-credentials.json')
    writeFileSync(file, JSON.stringify(house.credentials))
    const found = await examine(['--config', config], {})
    rmSync(config)
    rmSync(file)
    assert.ok(found.says('credentials').includes(file), found.out)
  })

  it('has the credentials that other verbs have where the folder of the configuration has none', async () => {
    const config = join(house.data, 'config.json')
    writeFileSync(config, JSON.stringify({ data: house.data, listen: new URL(house.endpoint).host }))
    const home = temporaryFolder()
    const { accessKeyId: access_key_id, accessKeySecret: access_key_secret } = house.credentials
    const profiles = [{ name: 'own', mode: 'AK', access_key_id, access_key_secret }]
    mkdirSync(join(home, '.aliyun'))
    writeFileSync(join(home, '.aliyun/config.json'), JSON.stringify({ current: 'own', profiles }))
    const found = await examine(['--config', config], { HOME: home, XDG_CONFIG_HOME: '' })
    rmSync(config)
    removeFolder(home)
    assert.equal(found.result('credentials'), 'ok', found.out)
    assert.match(found.says('credentials'), /the aliyun CLI's current profile/)
  })

  it('does not call a set-up healthy if there is nothing to check', async () => {
    const { code, err } = await runHere(['doctor', '--listen', '127.0.0.1:1'], {
      STRONGROOM_DATA: join(house.data, 'none'),
    })
    assert.equal(code, 1, err)
    const config = join(house.data, 'config.json')
    writeFileSync(config, JSON.stringify({ data: join(house.data, 'none'), listen: '127.0.0.1:1' }))
    const nothing = await runHere(['doctor', '--config', config], {})
    rmSync(config)
    assert.deepEqual([nothing.code, nothing.out], [2, ''])
    assert.match(nothing.err, /there is nothing to check here: name a data folder with --data/)
  })

  it('shows colours on a terminal alone, unless NO_COLOR says otherwise', async () => {
    const run = (env: Record<string, string>, terminal: boolean) =>
      runHere(['doctor', '--data', house.data], { ...remote(), ...env }, terminal).then(({ out }) => out)
    const green = (out: string) => out.includes('\x1b[32mok      \x1b[0m  settings')
    assert.ok(green(await run({}, true)))
    assert.ok(!(await run({ NO_COLOR: '1' }, true)).includes('\x1b'))
    assert.ok(!(await run({}, false)).includes('\x1b'))
  })
})

describe('what doctor judges by a clock', () => {
  const result = ({ result }: Finding) => result

  it('is the offset of another clock', () => {
    const now = Date.parse('2026-03-01T00:00:00Z')
    const judge = (seconds: number) => result(checkOffset('it', now + seconds * 1000, now))
    assert.deepEqual([0, 29, -29, 30, -60, 899, 900, -900].map(judge), [
      'ok',
      'ok',
      'ok',
      'warning',
      'warning',
      'warning',
      'error',
      'error',
    ])
  })

  it('is how long a certificate is valid', () => {
    const judge = (days: number) => result(checkExpiry('it', days * DAY_MS, 0))
    assert.deepEqual([-1, 0, 1, 13, 14, 400].map(judge), ['error', 'error', 'warning', 'warning', 'ok', 'ok'])
    assert.match(checkExpiry('it', DAY_MS, 0).says, /, in 1 day$/)
  })
})
