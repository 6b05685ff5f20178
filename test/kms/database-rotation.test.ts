// Rotation of the passwords of database accounts, in a real PostgreSQL over TLS.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import postgres from 'postgres'
import type { SetPassword } from '../../src/kms/secrets/database-rotation.ts'
import { SECRET_ROTATION } from '../../src/kms/secrets/records.ts'
import { newCredentials } from '../../src/ram/account.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { setPassword } from '../../src/storage/postgresql-password.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'
import { makeCertificates, type OwnServer, serveTls, startAlone } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('secrets of type Rds', () => {
  let server: OwnServer
  let house: TestHouse
  const other = newCredentials(SYSTEM)
  const file = (name: string) => join(server.folder, name)
  const at = (ca: string, port = server.port) =>
    `postgresql://rotator:rotator%20pw@localhost:${port}/postgres?sslmode=verify-full&sslrootcert=${file(ca)}`
  const database = (connection: string, account: string, roles: string[]) => ({ connection, account, roles })
  /** A name that would end a statement, were it not quoted. */
  const ODD = `odd"; DROP ROLE app_a; --'`

  before(async () => {
    server = await startAlone()
    makeCertificates(server)
    const url = server.database()
    const admin = postgres(url, { max: 1, onnotice: () => {} })
    await admin.unsafe("CREATE ROLE rotator LOGIN CREATEROLE PASSWORD 'rotator pw'")
    for (const role of ['single', 'app_a', 'app_b', 'held_a', 'held_b', ODD])
      await admin.unsafe(`CREATE ROLE "${role.replaceAll('"', '""')}" LOGIN PASSWORD 'first password'`)
    await admin.unsafe("CREATE ROLE boss LOGIN SUPERUSER PASSWORD 'first password'")
    await admin.end()
    const rules = readFileSync(file('data/pg_hba.conf'), 'utf8')
    writeFileSync(
      file('data/pg_hba.conf'),
      `hostssl all "strongroom" all trust\nhostssl all all all scram-sha-256\n${rules}`,
    )
    serveTls(server)
    await until(async () => (await logsOn('single', 'first password')) === true)
    house = await openTestHouse(null, [], {
      secretDatabases: (accountId) => ({
        'rm-main': database(at('ca.pem'), accountId, ['single', 'app_*', 'held_*', 'boss', 'later', ODD]),
        'rm-shut': database(at('ca.pem', 1), accountId, ['single']),
        'rm-false': database(at('other.pem'), accountId, ['single']),
        'rm-other': database(at('ca.pem'), other.accountId, ['single']),
      }),
    })
    await house.open.accounts.provide(other, 'other', house.now)
  })
  after(async () => {
    await house[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  /** Whether the role can log on over TLS with the password. */
  async function logsOn(user: string, password: string): Promise<boolean> {
    const ssl = { ca: readFileSync(file('ca.pem')), servername: 'localhost' }
    const sql = postgres({ host: 'localhost', port: server.port, database: 'postgres', user, password, ssl, max: 1 })
    try {
      const [row] = await sql`SELECT current_user AS name`
      return row?.['name'] === user
    } catch (error) {
      assert.equal((error as { code?: string }).code, '28P01', String(error))
      return false
    } finally {
      await sql.end({ timeout: 0 })
    }
  }

  const seen = new Set<string>()
  let made = 0
  const given = (names: string[], DBInstanceId = 'rm-main') => ({
    SecretName: `db/secret-${++made}`,
    VersionId: 'v1',
    SecretType: 'Rds',
    SecretData: JSON.stringify({
      Accounts: names.map((AccountName) => ({ AccountName, AccountPassword: 'first password' })),
    }),
    ExtendedConfig: JSON.stringify({ SecretSubType: names.length === 2 ? 'DoubleUsers' : 'SingleUser', DBInstanceId }),
  })
  const secretOver = async (
    names: string[],
    more: Record<string, string> = {},
    instance = 'rm-main',
  ): Promise<string> => (await house.must('CreateSecret', { ...given(names, instance), ...more })).SecretName
  async function credentialOf(SecretName: string, VersionStage = 'ACSCurrent'): Promise<[string, string]> {
    const { SecretData } = await house.must('GetSecretValue', { SecretName, VersionStage })
    const { AccountName, AccountPassword } = JSON.parse(SecretData)
    seen.add(AccountPassword)
    return [AccountName, AccountPassword]
  }
  const rotate = (SecretName: string, VersionId: string) => house.outcome('RotateSecret', { SecretName, VersionId })
  async function rotated(SecretName: string, VersionId: string): Promise<[string, string]> {
    assert.equal(await rotate(SecretName, VersionId), 'OK')
    await house.sweep()
    await house.setPasswords()
    const value = await house.must('GetSecretValue', { SecretName })
    assert.equal(value.VersionId, VersionId)
    return credentialOf(SecretName)
  }
  const faultOf = async (SecretName: string): Promise<string> =>
    (await house.must('GetSecretValue', { SecretName })).RotationFault ?? 'none'

  it('with one account: the new password works, and the former one no longer', async () => {
    const SecretName = await secretOver(['single'])
    assert.deepEqual(await credentialOf(SecretName), ['single', 'first password'])
    const [name, second] = await rotated(SecretName, 'v2')
    assert.equal(name, 'single')
    assert.match(second, /^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?=.*[!@#$%^&*()_+=-])[a-zA-Z0-9!@#$%^&*()_+=-]{32}$/)
    assert.deepEqual([await logsOn('single', second), await logsOn('single', 'first password')], [true, false])
    const [, third] = await rotated(SecretName, 'v3')
    assert.deepEqual([await logsOn('single', third), await logsOn('single', second)], [true, false])
    assert.deepEqual(await credentialOf(SecretName, 'ACSPrevious'), ['single', second])
    const events = (await house.events()).filter(
      ({ eventName, eventType }) => `${eventType} ${eventName}` === 'AliyunServiceEvent RotateSecret',
    )
    assert.deepEqual(
      events.map(({ resourceType, resourceName }) => [resourceType, resourceName]),
      [1, 2].map(() => ['ACS::KMS::Secret;ACS::RDS::DBInstance', `${SecretName};rm-main`]),
    )
  })

  it('with two accounts: they take turns, and the password of the one before keeps working', async () => {
    const SecretName = await secretOver(['app_a', 'app_b'])
    assert.deepEqual(await credentialOf(SecretName), ['app_a', 'first password'])
    assert.deepEqual(await credentialOf(SecretName, 'ACSPrevious'), ['app_b', 'first password'])
    const b = await rotated(SecretName, 'v2')
    assert.equal(b[0], 'app_b')
    assert.deepEqual(await credentialOf(SecretName, 'ACSPrevious'), ['app_a', 'first password'])
    const works = async (...some: [string, string][]) => Promise.all(some.map((one) => logsOn(...one)))
    assert.deepEqual(await works(b, ['app_b', 'first password'], ['app_a', 'first password']), [true, false, true])
    const a = await rotated(SecretName, 'v3')
    assert.equal(a[0], 'app_a')
    assert.deepEqual(await works(a, b, ['app_a', 'first password']), [true, true, false])
  })

  it('are rotated by themselves, each attempt by one server alone', async () => {
    const policy = { EnableAutomaticRotation: 'true', RotationInterval: '6h' }
    const SecretName = await secretOver(['held_a', 'held_b'], policy)
    house.now += 7 * HOUR
    await Promise.all([house.sweep(), house.sweep(), house.sweep()])
    let calls = 0
    const counted: SetPassword = async (...how) => {
      calls++
      await setPassword(...how)
    }
    await Promise.all([house.setPasswords(counted), house.setPasswords(counted), house.setPasswords(counted)])
    assert.equal(calls, 1)
    const [name, password] = await credentialOf(SecretName)
    assert.deepEqual([name, await logsOn(name, password)], ['held_b', true])
    await house.must('UpdateSecretRotationPolicy', { SecretName, EnableAutomaticRotation: 'false' })
  })

  it('are rotated once by two servers, as AccessKeys are', async () => {
    const url = server.database()
    const roles = ['twice']
    const secretDatabases = (account: string) => ({ 'rm-main': database(at('ca.pem'), account, roles) })
    await using one = await openTestHouse(url, [], { secretDatabases })
    const { accountId } = one.credentials
    const more = { secretDatabases: () => secretDatabases(accountId) }
    await using two = await openTestHouse(url, ['--root-key-file', join(one.data, 'root-key')], more)
    const ram = ramOf(one)
    await ram.must('CreateUser', { UserName: 'twice' })
    const { AccessKey } = await ram.must('CreateAccessKey', { UserName: 'twice' })
    const policy = { EnableAutomaticRotation: 'true', RotationInterval: '6h' }
    const { SecretName: ofUser } = await one.must('CreateSecret', {
      SecretName: '$Auto',
      VersionId: 'v1',
      SecretType: 'RAMCredentials',
      SecretData: JSON.stringify({
        AccessKeys: [{ AccessKeyId: AccessKey.AccessKeyId, AccessKeySecret: AccessKey.AccessKeySecret }],
      }),
      ExtendedConfig: JSON.stringify({ SecretSubType: 'RamUserAccessKey', UserName: 'twice' }),
      ...policy,
    })
    const { SecretName: ofAccount } = await one.must('CreateSecret', { ...given(['twice']), ...policy })
    let calls = 0
    const counted: SetPassword = async () => {
      calls++
    }
    for (const house of [one, two]) house.now += 7 * HOUR
    for (let round = 0; round < 3; round++) {
      await Promise.all([one.sweep(), two.sweep(), two.sweep()])
      await Promise.all([one.setPasswords(counted), two.setPasswords(counted), two.setPasswords(counted)])
    }
    assert.equal(calls, 1)
    for (const SecretName of [ofUser, ofAccount]) {
      const { LastRotationDate, VersionId } = await one.must('GetSecretValue', { SecretName })
      assert.equal(Date.parse(LastRotationDate), one.now)
      const previous = await one.must('GetSecretValue', { SecretName, VersionStage: 'ACSPrevious' })
      assert.deepEqual([VersionId === 'v1', previous.VersionId], [false, 'v1'])
    }
    assert.equal((await ram.must('ListAccessKeys', { UserName: 'twice' })).AccessKeys.AccessKey.length, 2)
    assert.deepEqual([...one.failures, ...two.failures], [])
  })

  it('keep the password that a server set before it died, and another completes the rotation with it', async () => {
    const SecretName = await secretOver(['single'])
    assert.equal(await rotate(SecretName, 'v2'), 'OK')
    await house.sweep()
    assert.equal(await rotate(SecretName, 'v3'), 'Rejected.InvalidRequest', 'one at a time')
    const force = { SecretName, ForceDeleteWithoutRecovery: 'true' }
    let wasSet = false
    void house.setPasswords(async (...how) => {
      await setPassword(...how)
      wasSet = true
      // The server dies here: nothing of this attempt happens any more.
      await new Promise(() => {})
    })
    await until(async () => wasSet)
    assert.equal(await house.outcome('DeleteSecret', force), 'Rejected.InvalidRequest', 'the service alone knows it')
    await house.restart()
    assert.deepEqual(await credentialOf(SecretName), ['single', 'first password'])
    await house.setPasswords()
    assert.equal((await house.must('GetSecretValue', { SecretName })).VersionId, 'v1', 'claimed for a minute')
    house.now += 61_000
    const verifiers: string[] = []
    await house.setPasswords(async (address, password, ms) => {
      verifiers.push(password.verifier)
      await setPassword(address, password, ms)
    })
    assert.equal(verifiers.length, 1)
    const [, password] = await credentialOf(SecretName)
    assert.equal(await logsOn('single', password), true)
    assert.equal(await rotate(SecretName, 'v2'), 'OK')
    assert.equal(await house.outcome('DeleteSecret', force), 'OK')
    assert.equal(await logsOn('single', password), true)
    assert.deepEqual(house.failures, [])
  })

  it('leave the database alone where reading the password took most of the claim', async () => {
    const SecretName = await secretOver(['single'])
    assert.equal(await rotate(SecretName, 'v2'), 'OK')
    await house.sweep()
    const slowly = (length: number) => {
      house.now += 51_000
      return SYSTEM.randomBytes(length)
    }
    await house.setPasswords(async () => assert.fail('the next attempt may begin before this one ends'), {
      runtime: { ...SYSTEM, randomBytes: slowly },
    })
    assert.deepEqual(house.failures.splice(0), [
      `a password of the secret ${SecretName} could not be set, and will be tried again: Error: reading the password took more than 50 seconds`,
    ])
    house.now += 30_000
    await house.setPasswords()
    assert.equal((await house.must('GetSecretValue', { SecretName })).VersionId, 'v2')
    const [, password] = await credentialOf(SecretName)
    assert.equal(await logsOn('single', password), true)
    assert.deepEqual(house.failures, [])
  })

  it('are set again where other calls change the secret each time that the rotation is to be recorded', async () => {
    const SecretName = await secretOver(['single'])
    assert.equal(await rotate(SecretName, 'v2'), 'OK')
    await house.sweep()
    const { ledger } = house.open
    const commit = ledger.commit.bind(ledger)
    ledger.commit = async (call) => (call.changes.some(({ change }) => change === 'delete') ? 'moved' : commit(call))
    await house.setPasswords()
    ledger.commit = commit
    assert.deepEqual(house.failures.splice(0), [
      `the new password of the secret ${SecretName} is set, but not current yet, and will be set again: Error: other calls keep changing the secret`,
    ])
    assert.equal((await house.must('GetSecretValue', { SecretName })).VersionId, 'v1')
    house.now += 61_000
    await house.setPasswords()
    assert.equal((await house.must('GetSecretValue', { SecretName })).VersionId, 'v2')
    assert.deepEqual(house.failures, [])
  })

  it('wait for a database that is away, for longer each time, and lose nothing', async () => {
    const [shut, unverified] = [
      await secretOver(['single'], {}, 'rm-shut'),
      await secretOver(['single'], {}, 'rm-false'),
    ]
    const SecretName = await secretOver(['single'])
    for (const name of [shut, unverified, SecretName]) assert.equal(await rotate(name, 'v2'), 'OK')
    await house.sweep()
    await house.setPasswords(async (address, password, ms) => {
      if (address.hosts[0].port === server.port && address.files.sslrootcert === file('ca.pem'))
        throw Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })
      await setPassword(address, password, ms)
    })
    assert.equal(house.failures.length, 3)
    assert.ok(house.failures.some((one) => one.includes(`the secret ${shut}`) && one.includes('ECONNREFUSED')))
    assert.ok(house.failures.some((one) => one.includes(`the secret ${unverified}`) && /no authority/.test(one)))
    for (const name of [shut, unverified, SecretName]) {
      assert.deepEqual(await credentialOf(name), ['single', 'first password'])
      assert.equal(await faultOf(name), 'none')
    }
    // Not at once again, and then with the same password.
    await house.setPasswords(async () => assert.fail('too early'))
    house.now += 30_000
    await house.setPasswords()
    const [, password] = await credentialOf(SecretName)
    assert.equal(await logsOn('single', password), true)
    assert.equal(house.failures.length, 5)
    house.now += 59_000
    await house.setPasswords(async () => assert.fail('too early'))
    house.now += 1000
    await house.setPasswords()
    assert.equal(house.failures.splice(0).length, 7)
    // A deleted secret is not rotated any more.
    const force = { ForceDeleteWithoutRecovery: 'true' }
    for (const name of [shut, unverified]) {
      assert.equal(await house.outcome('DeleteSecret', { SecretName: name, ...force }), 'Rejected.InvalidRequest')
      await house.must('DeleteSecret', { SecretName: name, RecoveryWindowInDays: '7' })
    }
    await house.must('DeleteSecret', { SecretName, ...force })
    house.now += 7 * DAY
    await house.sweep()
    await house.setPasswords(async () => assert.fail('the secret is gone'))
    assert.deepEqual(await house.open.ledger.due(SECRET_ROTATION, house.now + DAY, 10), [])
    assert.deepEqual(house.failures, [])
  })

  it('are Invalid where the database refuses for good, and are tried again', async () => {
    const policy = { EnableAutomaticRotation: 'true', RotationInterval: '1d' }
    const [later, boss] = [await secretOver(['later'], policy), await secretOver(['boss'], policy)]
    house.now += DAY
    await house.sweep()
    await house.setPasswords()
    assert.equal(await faultOf(later), 'the database has no such role')
    assert.match(await faultOf(boss), /^the database does not allow/)
    assert.equal((await house.must('GetSecretValue', { SecretName: later })).AutomaticRotation, 'Invalid')
    const admin = postgres(server.database(), { max: 1, onnotice: () => {} })
    await admin.unsafe('CREATE ROLE later LOGIN')
    await admin.end()
    house.now += HOUR
    await house.setPasswords()
    const [name, password] = await credentialOf(later)
    assert.deepEqual([await faultOf(later), await logsOn(name, password)], ['none', true])
    assert.equal(await logsOn('boss', 'first password'), true)
    assert.deepEqual(house.failures, [])
  })

  it('quote the names of accounts', async () => {
    const [name, password] = await rotated(await secretOver([ODD]), 'v2')
    assert.deepEqual([name, await logsOn(name, password)], [ODD, true])
    assert.equal((await logsOn('app_a', 'first password')) || (await logsOn('app_b', 'first password')), false)
  })

  it('name only instances of their account and roles that the operator allows', async () => {
    const outcome = async (names: string[], instance = 'rm-main', credentials = house.credentials) => {
      const { status, body } = await house.call('CreateSecret', given(names, instance), credentials)
      assert.ok(!JSON.stringify(body).includes('first password'))
      return status === 200 ? 'OK' : body.Code
    }
    for (const instance of ['rm-none', 'rm-other', 'localhost:5432'])
      assert.equal(await outcome(['single'], instance), 'Forbidden.ResourceNotFound', instance)
    assert.equal(await outcome(['single'], 'rm-main', other), 'Forbidden.ResourceNotFound')
    assert.equal(await outcome(['single'], 'rm-other', other), 'OK')
    for (const names of [
      ['rotator'],
      ['strongroom'],
      ['singles'],
      ['app_a', 'postgres'],
      [''],
      [`app_${'x'.repeat(60)}`],
    ])
      assert.equal(await outcome(names), 'InvalidParameter', names.join())
    const ram = ramOf(house)
    await ram.must('CreateUser', { UserName: 'maker' })
    const maker = await ram.accessKeyOf('maker')
    const allowed = (...Action: string[]) => ram.document({ Effect: 'Allow', Action, Resource: '*' })
    await ram.must('CreatePolicy', { PolicyName: 'maker', PolicyDocument: allowed('kms:*') })
    await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'maker', UserName: 'maker' })
    assert.equal(await outcome(['single'], 'rm-main', maker), 'Forbidden.NoPermission')
    const both = {
      PolicyName: 'maker',
      PolicyDocument: allowed('kms:*', 'rds:ResetAccountPassword'),
      SetAsDefault: 'true',
    }
    await ram.must('CreatePolicyVersion', both)
    assert.equal(await outcome(['single'], 'rm-main', maker), 'OK')
  })

  it('show no password in events or failures', async () => {
    assert.ok(seen.size > 8)
    const said = JSON.stringify([await house.events(), house.failures])
    for (const value of [...seen, 'rotator pw', 'SCRAM-SHA-256']) assert.ok(!said.includes(value))
  })
})
