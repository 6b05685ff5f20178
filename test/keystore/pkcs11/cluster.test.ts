// Tokens that are kept alike, as one; and what `strongroom hsm check` says of them.
import assert from 'node:assert/strict'
import { cpSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { DESTRUCTION } from '../../../src/kms/records.ts'
import { runProgram } from '../../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../../house.ts'
import {
  changePin,
  faultyModule,
  makeToken,
  PIN,
  softHsmTokenFolders,
  synchronizeSoftHsm,
  twoTokens,
} from './tokens.ts'

const DAY = 86_400_000

function check(house: TestHouse, ...more: string[]) {
  // An orphan has to stay one for twice as long as a key may take to be made.
  const time = ['--hsm-key-timeout-ms', '10000']
  const flags = ['hsm', 'check', '--data', house.data, ...(house.token?.flags ?? []), ...time, ...more]
  return runProgram(flags, house.token?.env)
}

async function bothUp(house: TestHouse): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    const tokens = await house.open.hsm?.inspect().catch(() => [])
    if (tokens?.length === 2 && tokens.every(({ up }) => up)) return
    await pause(50)
  }
  assert.fail('a token did not come back')
}

describe('a cluster of tokens', () => {
  it('serves a key from any token that has it, and tells which one lacks it', async () => {
    const token = twoTokens()
    await using house = await openTestHouse(null, [], { token })
    const { KeyId, PrimaryKeyVersion } = (await house.must('CreateKey')).KeyMetadata
    const before = await check(house)
    assert.equal(before.code, 1, before.err)
    assert.match(before.out, /token strongroom: SoftHSM v2, serial number/)
    assert.match(
      before.out,
      /can't do RSAES_OAEP_SHA_256, because it lacks CKM_RSA_PKCS_OAEP with SHA-256: this affects GetParametersForImport/,
    )
    assert.match(before.out, /can do RSAES_OAEP_SHA_1\n/)
    assert.match(before.out, /can do EC_P256K\n/)
    assert.match(
      before.out,
      /can't do AsymmetricDecrypt RSAES_OAEP_SHA_256, because it lacks CKM_RSA_PKCS_OAEP with SHA-256: this affects AsymmetricEncrypt and/,
    )
    assert.match(
      before.out,
      /can't do RSAES_PKCS1_V1_5, because it takes wrongly padded texts for material with CKM_RSA_PKCS: this affects/,
    )
    assert.match(
      before.out,
      new RegExp(`missing: version ${PrimaryKeyVersion} of key ${KeyId} \\(account \\d+, cn-hangzhou\\)`),
    )
    assert.match(
      before.out,
      /1 key versions in the HSM; 1 missing on a token, 0 orphans, 0 tokens that can't be reached/,
    )
    synchronizeSoftHsm(token.first, token.second)
    const after = await check(house)
    assert.equal(after.code, 0, after.out)
  })

  it('goes on with the other token when one is unplugged, and takes it back', async () => {
    const token = twoTokens()
    await using house = await openTestHouse(null, [], { token })
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'safe' })
    const pair = (await house.must('CreateKey', { KeySpec: 'EC_P256' })).KeyMetadata.KeyId
    const [{ KeyVersionId }] = (await house.must('ListKeyVersions', { KeyId: pair })).KeyVersions.KeyVersion
    const sign = { KeyId: pair, KeyVersionId, Algorithm: 'ECDSA_SHA_256', Digest: Buffer.alloc(32).toString('base64') }
    synchronizeSoftHsm(token.first, token.second)
    await house.restart()
    await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    renameSync(token.first, `${token.folder}/unplugged`)
    for (let i = 0; i < 20; i++) {
      await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'safe')
      const { Value } = await house.must('AsymmetricSign', sign)
      assert.equal((await house.must('AsymmetricVerify', { ...sign, Value })).Value, true)
    }
    assert.match(house.failures.join(), /there is no token `strongroom`/)
    // A key that goes now goes from the other token, and from this one when it is back.
    for (const one of [KeyId, pair]) await house.must('ScheduleKeyDeletion', { KeyId: one, PendingWindowInDays: '7' })
    house.now += 7 * DAY
    await house.sweep()
    assert.equal((await house.open.ledger.due(DESTRUCTION, house.now + DAY, 10)).length, 2)
    renameSync(`${token.folder}/unplugged`, token.first)
    await bothUp(house)
    house.now += DAY
    await house.sweep()
    assert.equal((await house.open.ledger.due(DESTRUCTION, house.now + DAY, 10)).length, 0)
    const reports = await house.open.hsm?.inspect()
    assert.deepEqual(
      reports?.map(({ keys }) => keys.length),
      [0, 0],
    )
  })

  it('asks a token that refused the PIN not again, whatever becomes of its process, until the PIN changes', async () => {
    const both = twoTokens()
    changePin(both, 'strongroom-2', PIN, 'other-pin')
    const token = { ...faultyModule(both), first: both.first, second: both.second }
    await using house = await openTestHouse(null, [], { token })
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    for (let i = 0; i < 5; i++) {
      process.kill(house.open.hsm?.pid ?? 0, 'SIGKILL')
      for (let tries = 0; (await house.outcome('Encrypt', { KeyId, Plaintext: 'x' })) !== 'OK'; tries++) {
        assert.ok(tries < 1000, 'no new process')
        await pause(50)
      }
    }
    const refused = () => token.log().filter((line) => line.startsWith('login') && line.endsWith(' 0xa0')).length
    assert.equal(refused(), 1)
    assert.match(house.failures.join(), /the token `strongroom-2` refuses the PIN \(CKR_PIN_INCORRECT\)/)
    changePin(both, 'strongroom-2', 'other-pin', PIN)
    writeFileSync(token.pinFile, `${PIN}\n`)
    await bothUp(house)
    assert.equal(refused(), 1)
  })

  it('goes on without a token that hangs at the login', async () => {
    const both = twoTokens(2000)
    const token = faultyModule(both)
    await using house = await openTestHouse(null, [], { token })
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    token.harm('C_Login wait-600000 2')
    process.kill(house.open.hsm?.pid ?? 0, 'SIGKILL')
    for (let tries = 0; (await house.outcome('Encrypt', { KeyId, Plaintext: 'x' })) !== 'OK'; tries++) {
      assert.ok(tries < 1000, 'the other token does not serve')
      await pause(200)
    }
    assert.match(house.failures.join(), /the token `strongroom-2` does not answer/)
    for (let i = 0; i < 20; i++) {
      await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      await pause(100)
    }
  })

  it('takes a token back that was away while another refused the PIN', async () => {
    const token = twoTokens()
    changePin(token, 'strongroom-2', PIN, 'other-pin')
    await using house = await openTestHouse(null, [], { token })
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    renameSync(token.first, `${token.folder}/unplugged`)
    for (let i = 0; i < 20; i++) {
      await house.outcome('Encrypt', { KeyId, Plaintext: 'x' })
      await pause(50)
    }
    assert.equal((await house.call('Encrypt', { KeyId, Plaintext: 'x' })).status, 503)
    renameSync(`${token.folder}/unplugged`, token.first)
    for (let tries = 0; (await house.outcome('Encrypt', { KeyId, Plaintext: 'x' })) !== 'OK'; tries++) {
      assert.ok(tries < 1000, 'the token is not taken back')
      await pause(50)
    }
  })

  it('gives what one token may have made, and another made then, different names', async () => {
    const both = twoTokens()
    const token = faultyModule(both)
    await using house = await openTestHouse(null, [], { token })
    let made = 0
    for (const every of [1, 2, 3]) {
      token.harm(`C_GenerateKey done-0x30 ${every}`)
      for (let i = 0; i < 6; i++) if ((await house.outcome('CreateKey')) === 'OK') made++
    }
    token.harm()
    assert.ok(made > 0)
    const reports = (await house.open.hsm?.inspect()) ?? []
    const ids = reports.flatMap(({ keys }) => keys.map(({ id }) => id))
    assert.ok(reports.every(({ keys }) => keys.length > 0))
    assert.equal(new Set(ids).size, ids.length)
  })

  it('uses neither of two objects with the same name, and reports them', async () => {
    const token = makeToken('SoftHSM2')
    await using house = await openTestHouse(null, [], { token })
    const { KeyId, PrimaryKeyVersion } = (await house.must('CreateKey')).KeyMetadata
    const [folder = ''] = softHsmTokenFolders(token.folder)
    const [object = ''] = readdirSync(folder).filter((name) => name.endsWith('.object') && !name.startsWith('token'))
    cpSync(
      join(folder, object),
      join(folder, `0${object.slice(1)}` === object ? `1${object.slice(1)}` : `0${object.slice(1)}`),
    )
    await house.restart()
    assert.equal((await house.call('Encrypt', { KeyId, Plaintext: 'x' })).status, 503)
    assert.match(house.failures.join(), /there are 2 secret keys [0-9a-f]{48} instead of one/)
    const found = await check(house)
    assert.equal(found.code, 1)
    assert.match(
      found.out,
      new RegExp(`double: version ${PrimaryKeyVersion} of key ${KeyId} .* has 2 objects with CKA_ID`),
    )
  })

  it('reports a device that generates no AES keys, with its other abilities', async () => {
    const token = faultyModule(makeToken('SoftHSM2'))
    await using house = await openTestHouse(null, [], { token })
    // CKR_MECHANISM_INVALID
    token.harm('C_GenerateKey 0x70 1')
    const [report] = (await house.open.hsm?.inspect()) ?? []
    const { 'AES-256-GCM': gcm, EC_P256: curve } = report?.abilities ?? {}
    assert.deepEqual({ gcm, curve }, { gcm: 'lacks CKM_AES_KEY_GEN, CKM_AES_GCM or CKM_AES_ECB', curve: null })
  })

  it('takes no key for an orphan whose region it is not told of', async () => {
    const token = makeToken('SoftHSM2')
    await using house = await openTestHouse(null, ['--region', 'dc1', '--hsm-regions', 'dc1'], { token })
    const { KeyId } = (await house.must('CreateKey', { RegionId: 'dc1' })).KeyMetadata
    const found = await check(house, '--remove-orphans')
    assert.match(found.out, / 0 orphans/)
    await house.must('Encrypt', { KeyId, Plaintext: 'x', RegionId: 'dc1' })
  })

  it('shows objects that no key names, and removes them on request', async () => {
    await using house = await openTestHouse(null, [], { token: makeToken('SoftHSM2') })
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    const scope = { account: house.credentials.accountId, region: 'cn-hangzhou' }
    const lost = { ...scope, keyId: 'k', versionId: 'lost-pair', keySpec: 'EC_P256', protectionLevel: 'HSM' } as const
    await house.open.keystore.generatePair(lost, 'SIGN/VERIFY')
    await house.open.keystore.generate({
      ...scope,
      keyId: 'k',
      versionId: 'never-committed',
      keySpec: 'Aliyun_AES_256',
      protectionLevel: 'HSM',
    })
    const found = await check(house)
    assert.equal(found.code, 1)
    assert.match(found.out, /orphan: strongroom\/[0-9a-f]{16}\/\d+\/cn-hangzhou\/never-committed/)
    assert.match(found.out, /orphan: strongroom\/[0-9a-f]{16}\/\d+\/cn-hangzhou\/lost-pair/)
    const removed = await check(house, '--remove-orphans')
    assert.equal(removed.code, 0, removed.out)
    assert.match(removed.out, /destroyed: CKA_ID [0-9a-f]{48}/)
    assert.equal((await check(house)).code, 0)
    await house.must('Encrypt', { KeyId, Plaintext: 'still there' })
  })
})
