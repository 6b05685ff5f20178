// Every rule with days in it, end to end: the whole program on a system clock that is moved (libfaketime), restarts included.
import assert from 'node:assert/strict'
import { globSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { wrap } from '../kms/byok.ts'
import { until } from '../until.ts'
import {
  type Called,
  type Credentials,
  call,
  type Program,
  removeFolder,
  startProgram,
  temporaryFolder,
} from './program.ts'

/** Without the launcher: libfaketime removes its shared memory when a process ends, and not when a shell becomes another program. */
const COMMAND = [process.execPath, fileURLToPath(new URL('../../src/main.ts', import.meta.url)), 'serve'] as const
const HOUR = 3_600_000
const DAY = 24 * HOUR

type Keys = Pick<Credentials, 'accessKeyId' | 'accessKeySecret'>

/** The program on a clock of its own. */
class Moved {
  readonly data = temporaryFolder()
  readonly #file = join(this.data, 'clock')
  #program: Program | null = null
  /** How far its clock is ahead of ours, in milliseconds. */
  #ahead = 0

  async start(): Promise<void> {
    const [library = ''] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')
    this.advance(0)
    const env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      // Timers keep their pace: only the date moves.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
    this.#program = await startProgram({ data: this.data, env, command: COMMAND })
  }

  async stop(): Promise<void> {
    assert.equal(await this.#program?.stop(), 0)
  }

  /** Ends the program, whatever state a failed test left it in. */
  async remove(): Promise<void> {
    await this.#program?.stop('SIGKILL')
    const pid = this.#program?.process.pid
    for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])
      rmSync(join('/dev/shm', name), { force: true })
    removeFolder(this.data)
  }

  advance(ms: number): void {
    this.#ahead += ms
    writeFileSync(this.#file, `+${this.#ahead / 1000}\n`)
  }

  get account(): string {
    return this.#program?.credentials.accountId ?? ''
  }

  get now(): number {
    return Date.now() + this.#ahead
  }

  async call(action: string, parameters: Record<string, string> = {}, as?: Keys): Promise<Called> {
    assert.ok(this.#program)
    return call(this.#program.endpoint, as ?? this.#program.credentials, action, parameters, this.now)
  }

  async must(action: string, parameters: Record<string, string> = {}): Promise<Called['body']> {
    const { status, body } = await this.call(action, parameters)
    assert.equal(status, 200, JSON.stringify(body))
    return body
  }

  async code(action: string, parameters: Record<string, string> = {}): Promise<string> {
    return (await this.call(action, parameters)).body.Code ?? 'OK'
  }

  /** How often the service did this by itself. */
  async done(name: string, times: number): Promise<void> {
    const count = () => {
      using db = new DatabaseSync(join(this.data, 'strongroom.db'), { readOnly: true })
      return db.prepare('SELECT count(*) AS n FROM event WHERE body LIKE ?').get(`%"${name}"%`)?.['n']
    }
    await until(() => Number(count()) >= times)
    assert.equal(count(), times, name)
  }
}

describe('time passes', () => {
  const moved = new Moved()
  after(() => moved.remove())

  it('and tokens, sessions, material and keys end on their day, while keys rotate, once, though the service slept', async () => {
    await moved.start()
    const policy = { EnableAutomaticRotation: 'true', RotationInterval: '7d' }
    const rotating: string = (await moved.must('CreateKey', policy)).KeyMetadata.KeyId
    const { CiphertextBlob } = await moved.must('Encrypt', { KeyId: rotating, Plaintext: 'of the first week' })
    const doomed: string = (await moved.must('CreateKey')).KeyMetadata.KeyId
    await moved.must('ScheduleKeyDeletion', { KeyId: doomed, PendingWindowInDays: '7' })
    const external: string = (await moved.must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata.KeyId
    const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
    const { PublicKey, ImportToken } = await moved.must('GetParametersForImport', { KeyId: external, ...wrapping })
    const own = {
      KeyId: external,
      ImportToken,
      EncryptedKeyMaterial: wrap(PublicKey, wrapping.WrappingAlgorithm, Buffer.alloc(32, 7)),
    }
    const KeyMaterialExpireUnix = String(Math.floor((moved.now + 5 * DAY) / 1000))
    await moved.must('ImportKeyMaterial', { ...own, KeyMaterialExpireUnix })
    const mine = await moved.must('Encrypt', { KeyId: external, Plaintext: 'mine' })
    const session = await assumeRole(moved)
    assert.equal((await session()).status, 200)

    moved.advance(HOUR + 60_000)
    assert.equal((await session()).body.Code, 'InvalidSecurityToken.Expired')
    moved.advance(22 * HOUR)
    assert.equal(await moved.code('ImportKeyMaterial', { ...own, KeyMaterialExpireUnix }), 'OK')
    moved.advance(HOUR)
    assert.equal(await moved.code('ImportKeyMaterial', own), 'ExpiredImportToken')

    moved.advance(4 * DAY)
    assert.equal(await moved.code('Decrypt', { CiphertextBlob: mine.CiphertextBlob }), 'Rejected.PendingImport')
    await moved.done('DeleteExpiredKeyMaterial', 1)

    assert.equal((await moved.must('DescribeKey', { KeyId: doomed })).KeyMetadata.KeyState, 'PendingDeletion')
    moved.advance(2 * DAY)
    assert.equal(await moved.code('DescribeKey', { KeyId: doomed }), 'Forbidden.KeyNotFound')
    await moved.done('DeleteKey', 1)
    await moved.done('RotateKey', 1)
    const { KeyVersionId } = await moved.must('Encrypt', { KeyId: rotating, Plaintext: 'of the second week' })
    const opened = await moved.must('Decrypt', { CiphertextBlob })
    assert.equal(opened.Plaintext, 'of the first week')
    assert.notEqual(opened.KeyVersionId, KeyVersionId)

    await moved.stop()
    moved.advance(60 * DAY)
    await moved.start()
    await moved.done('RotateKey', 2)
    const { TotalCount } = await moved.must('ListKeyVersions', { KeyId: rotating })
    assert.equal(TotalCount, 3)
    assert.equal((await moved.must('Decrypt', { CiphertextBlob })).Plaintext, 'of the first week')
    await moved.stop()
  })
})

/** A session of one hour; the answer calls as it. Only a user may assume a role, so there is one. */
async function assumeRole(moved: Moved): Promise<() => Promise<Called>> {
  const ram = (action: string, parameters: Record<string, string>) =>
    moved.must(action, { Version: '2015-05-01', ...parameters })
  const UserName = 'worker'
  await ram('CreateUser', { UserName })
  await ram('AttachPolicyToUser', { UserName, PolicyType: 'System', PolicyName: 'AliyunSTSAssumeRoleAccess' })
  const { AccessKeyId, AccessKeySecret } = (await ram('CreateAccessKey', { UserName })).AccessKey
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: [`acs:ram::${moved.account}:root`] } }
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '1', Statement: [trust] })
  const { Role } = await ram('CreateRole', { RoleName: 'reader', AssumeRolePolicyDocument })
  await ram('AttachPolicyToRole', { RoleName: 'reader', PolicyType: 'System', PolicyName: 'AliyunKMSFullAccess' })
  const worker = { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret }
  const wanted = { Version: '2015-04-01', RoleArn: Role.Arn, RoleSessionName: 'session', DurationSeconds: '3600' }
  const { status, body } = await moved.call('AssumeRole', wanted, worker)
  assert.equal(status, 200, JSON.stringify(body))
  const { Credentials: temporary } = body
  const session = { accessKeyId: temporary.AccessKeyId, accessKeySecret: temporary.AccessKeySecret }
  return () => moved.call('ListKeys', { SecurityToken: temporary.SecurityToken }, session)
}
