// The boundary: what a device holds of a key, from its making to its destruction, seen with another program's eyes.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { MOST_WRAPPING_KEYS } from '../../../src/keystore/pkcs11/cluster.ts'
import { DESTRUCTION, VERSION } from '../../../src/kms/records.ts'
import { openTestHouse, type TestHouse } from '../../house.ts'
import { importMaterial, importParameters, prepareImport } from '../../kms/byok.ts'
import { makeToken, PIN, TOKEN_KINDS, type TokenKind } from './tokens.ts'

const DAY = 86_400_000

interface Seen {
  readonly label: string
  readonly id: string
  readonly access: string
  readonly usage: string
}

/** The objects of a type that pkcs11-tool finds on the token. */
function objects(house: TestHouse, type: 'secrkey' | 'privkey' | 'pubkey'): Seen[] {
  const text = house.token?.list(type) ?? ''
  return text
    .split(/^(?=(?:Secret|Private|Public) Key Object)/m)
    .filter((part) => part.includes('label:'))
    .map((part) => {
      const field = (name: string) => new RegExp(`^\\s+${name}:\\s*(.*?)\\s*$`, 'm').exec(part)?.[1] ?? ''
      return { label: field('label'), id: field('ID'), access: field('Access'), usage: field('Usage') }
    })
}

/** Waits until the token has so many objects of a type. */
async function comesToHold(count: number, type: Parameters<typeof objects>[1], house: TestHouse): Promise<void> {
  let found = objects(house, type)
  for (let i = 0; i < 1000 && found.length !== count; i++) {
    await pause(50)
    found = objects(house, type)
  }
  assert.equal(found.length, count, `${JSON.stringify(found)}; reported: ${JSON.stringify(house.failures)}`)
}

async function external(house: TestHouse): Promise<string> {
  return (await house.must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata.KeyId
}

function suite(kind: TokenKind): void {
  it('keeps keys that are sensitive and not extractable, for encryption alone, and names them after their version', async () => {
    await using house = await openTestHouse(null, [], { token: makeToken(kind) })
    const { KeyMetadata } = await house.must('CreateKey')
    const imported = await external(house)
    await importMaterial(house, await prepareImport(house, imported))
    const importedVersion = (await house.must('DescribeKey', { KeyId: imported })).KeyMetadata.PrimaryKeyVersion
    const found = objects(house, 'secrkey')
    assert.equal(found.length, 2)
    const of = (version: string) => found.find(({ label }) => label.endsWith(`/cn-hangzhou/${version}`))
    const [made, brought] = [of(KeyMetadata.PrimaryKeyVersion), of(importedVersion)]
    assert.match(made?.access ?? '', /sensitive.*always sensitive.*never extract/)
    assert.match(brought?.access ?? '', /sensitive/)
    assert.doesNotMatch(brought?.access ?? '', /(?<!never )extractable/)
    for (const one of [made, brought]) {
      assert.equal(one?.usage, 'encrypt, decrypt')
      assert.match(one?.label ?? '', new RegExp(`^strongroom/[0-9a-f]{16}/${house.credentials.accountId}/`))
      assert.equal(one?.id.length, 48)
    }
    const [wrapping] = objects(house, 'privkey')
    assert.match(wrapping?.label ?? '', new RegExp(`^strongroom-import/.*/${imported}/\\d+$`))
    assert.match(wrapping?.usage ?? '', /unwrap/)
    assert.doesNotMatch(wrapping?.usage ?? '', /decrypt|sign/)
    assert.match(wrapping?.access ?? '', /sensitive/)
  })

  it('keeps pairs that sign alone or decrypt alone, their private keys named after their version, and no public key', async () => {
    await using house = await openTestHouse(null, [], { token: makeToken(kind) })
    const signer = (await house.must('CreateKey', { KeySpec: 'EC_P256' })).KeyMetadata.KeyId
    const decrypter = (await house.must('CreateKey', { KeySpec: 'RSA_2048' })).KeyMetadata.KeyId
    const found = objects(house, 'privkey')
    assert.deepEqual(found.map(({ usage }) => usage).toSorted(), ['decrypt', 'sign'])
    for (const { access, label, id } of found) {
      assert.match(access, /sensitive.*always sensitive.*never extract/)
      assert.match(
        label,
        new RegExp(`^strongroom/[0-9a-f]{16}/${house.credentials.accountId}/cn-hangzhou/[0-9a-f-]{36}$`),
      )
      assert.equal(id.length, 48)
    }
    assert.deepEqual(objects(house, 'pubkey'), [])
    for (const KeyId of [signer, decrypter])
      await house.must('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' })
    house.now += 7 * DAY
    await house.sweep()
    await comesToHold(0, 'privkey', house)
    await house.sweep()
    assert.equal((await house.open.ledger.due(DESTRUCTION, house.now, 10)).length, 0)
    assert.deepEqual(house.failures, [])
  })

  it('stores nothing but a reference, which is of use in its own record only', async () => {
    await using house = await openTestHouse(null, [], { token: makeToken(kind) })
    const scope = { account: house.credentials.accountId, region: 'cn-hangzhou' }
    const version = async () => {
      const { KeyId, PrimaryKeyVersion } = (await house.must('CreateKey')).KeyMetadata
      const record = await house.open.ledger.get(VERSION, scope, PrimaryKeyVersion)
      assert.match(record?.body.material ?? '', /^hsm\/1\/[0-9a-f]{48}$/)
      return { ...scope, keyId: KeyId, versionId: PrimaryKeyVersion, material: record?.body.material ?? '' }
    }
    const [one, two] = [await version(), await version()]
    const place = { ...one, keySpec: 'Aliyun_AES_256', protectionLevel: 'HSM' } as const
    const bytes = Buffer.from('x')
    const encrypt = async (at: typeof place, material: string) =>
      house.open.keystore.encrypt(at, material, bytes, bytes)
    await encrypt(place, one.material)
    await assert.rejects(encrypt(place, two.material), /names no object of its own/)
    await assert.rejects(encrypt({ ...place, region: 'cn-beijing' }, one.material), /names no object of its own/)
  })

  it('destroys the object with its material, its key, and what takes its place', async () => {
    await using house = await openTestHouse(null, [], { token: makeToken(kind) })
    const keyId = await external(house)
    const prepared = await prepareImport(house, keyId)
    await importMaterial(house, prepared)
    const first = objects(house, 'secrkey').map(({ id }) => id)
    await importMaterial(house, prepared, house.now + DAY)
    await comesToHold(1, 'secrkey', house)
    assert.notDeepEqual(
      objects(house, 'secrkey').map(({ id }) => id),
      first,
    )
    await house.must('DeleteKeyMaterial', { KeyId: keyId })
    await comesToHold(0, 'secrkey', house)
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    await importMaterial(house, prepared)
    await house.must('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' })
    await house.must('ScheduleKeyDeletion', { KeyId: keyId, PendingWindowInDays: '7' })
    assert.equal(objects(house, 'secrkey').length, 2)
    house.now += 7 * DAY
    await house.sweep()
    await comesToHold(0, 'secrkey', house)
    await house.sweep()
    assert.equal((await house.open.ledger.due(DESTRUCTION, house.now, 10)).length, 0)
    assert.deepEqual(house.failures, [])
  })

  it('destroys it later when the device was away at the commit, and after a restart', async () => {
    await using house = await openTestHouse(null, [], { token: makeToken(kind) })
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    await house.must('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' })
    await house.open.hsm?.stop()
    house.now += 7 * DAY
    assert.equal(await house.sweep(), 1)
    assert.equal(await house.outcome('DescribeKey', { KeyId }), 'Forbidden.KeyNotFound')
    assert.equal(objects(house, 'secrkey').length, 1)
    assert.equal((await house.open.ledger.due(DESTRUCTION, house.now, 10)).length, 1)
    await house.restart()
    await house.sweep()
    assert.equal(objects(house, 'secrkey').length, 0)
    assert.equal((await house.open.ledger.due(DESTRUCTION, house.now, 10)).length, 0)
  })

  it('leaves no object behind of calls that were refused after it was made', async () => {
    await using house = await openTestHouse(null, ['--max-keys', '2'], { token: makeToken(kind) })
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => house.outcome('CreateKey')))
    assert.equal(outcomes.filter((outcome) => outcome === 'OK').length, 2)
    await comesToHold(2, 'secrkey', house)
    const pairs = Array.from({ length: 4 }, () => house.outcome('CreateKey', { KeySpec: 'EC_P256' }))
    assert.ok((await Promise.all(pairs)).every((outcome) => outcome === 'Rejected.LimitExceeded'))
    await comesToHold(0, 'privkey', house)
    const { KeyId } = (await house.must('ListKeys')).Keys.Key[0]
    await house.must('Encrypt', { KeyId, Plaintext: 'x' })
  })

  it('keeps wrapping keys over a restart, and removes them when their tokens have expired', async () => {
    await using house = await openTestHouse(null, [], { token: makeToken(kind) })
    const keyId = await external(house)
    const prepared = await prepareImport(house, keyId)
    house.now += DAY - 1000
    await prepareImport(house, keyId)
    await house.restart()
    await house.sweep()
    assert.equal(objects(house, 'privkey').length, 2)
    await importMaterial(house, prepared)
    house.now += DAY / 2
    await house.sweep()
    assert.equal(objects(house, 'privkey').length, 1)
    assert.equal(await house.outcome('ImportKeyMaterial', importParameters(prepared)), 'ExpiredImportToken')
    house.now += DAY
    await house.sweep()
    assert.equal(objects(house, 'privkey').length, 0)
    assert.deepEqual(house.failures, [])
  })

  it('warns of a PIN that others may read', async () => {
    const token = makeToken(kind)
    chmodSync(token.pinFile, 0o640)
    await using house = await openTestHouse(null, [], { token })
    assert.match(house.failures.join(), /users other than its owner can read the PIN: `chmod 600 /)
    await house.must('CreateKey')
  })

  it('tells the PIN to nobody: no command line, no environment, no log', async () => {
    await using house = await openTestHouse(null, [], { token: makeToken(kind) })
    const pid = house.open.hsm?.pid
    assert.ok(pid)
    for (const file of ['cmdline', 'environ'])
      assert.equal(readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(PIN), false, file)
    assert.equal(
      /(?:^|\0)(?:STRONGROOM_|PG|ALIBABA_CLOUD_|NODE_OPTIONS=)/.test(readFileSync(`/proc/${pid}/environ`, 'latin1')),
      false,
    )
  })
}

for (const kind of TOKEN_KINDS) describe(`the boundary of ${kind}`, () => suite(kind))

describe('a token', () => {
  it('holds fifty wrapping keys of a key, and no more until some expire', async () => {
    await using house = await openTestHouse(null, [], { token: makeToken('SoftHSM2') })
    const [keyId, other] = [await external(house), await external(house)]
    for (let i = 0; i < MOST_WRAPPING_KEYS; i++) await prepareImport(house, keyId)
    const asked = { WrappingAlgorithm: 'RSAES_OAEP_SHA_1', WrappingKeySpec: 'RSA_2048' }
    assert.equal(await house.outcome('GetParametersForImport', { KeyId: keyId, ...asked }), 'Rejected.LimitExceeded')
    await prepareImport(house, other)
    house.now += DAY
    await house.sweep()
    await importMaterial(house, await prepareImport(house, keyId))
  })
})

describe('a token without room for another key', () => {
  it('refuses with a clear error, and the keys that it has go on', async () => {
    await using house = await openTestHouse(null, [], { token: makeToken('SoftHSM2') })
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    const limit = (bytes: string) =>
      execFileSync('prlimit', ['--pid', String(house.open.hsm?.pid), `--fsize=${bytes}:`])
    limit('0')
    const { status, body } = await house.call('CreateKey')
    assert.deepEqual([status, body.Code], [400, 'Rejected.LimitExceeded'])
    assert.match(house.failures.join(), /the HSM is full: .*delete keys, or give it more room/)
    await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    limit('unlimited')
    await house.must('CreateKey')
  })
})
