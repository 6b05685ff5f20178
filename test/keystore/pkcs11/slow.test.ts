// A device that takes its time: who has to wait, for how long, and what the log says of it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { FailedCalls } from '../../../src/keystore/pkcs11/failed-calls.ts'
import { Supervisor } from '../../../src/keystore/pkcs11/supervisor.ts'
import { VERSION } from '../../../src/kms/records.ts'
import { importMaterial, importParameters, prepareImport } from '../../kms/byok.ts'
import { assertNoneEnded, comesTo, harmed, newKey } from './harmed.ts'
import { faultyModule, makeToken, PIN } from './tokens.ts'

describe('slow work of a device', () => {
  for (const sessions of ['2', '16'])
    it(`holds up no call that uses another key, with ${sessions} sessions`, async () => {
      await using place = await harmed(['--hsm-sessions', sessions])
      const { house, token, keyId: KeyId } = place
      const [external, other] = [
        await newKey(house, { Origin: 'EXTERNAL' }),
        await newKey(house, { Origin: 'EXTERNAL' }),
      ]
      const prepared = await prepareImport(house, external)
      const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      const works = {
        C_GenerateKey: () => newKey(house),
        C_UnwrapKey: () => importMaterial(house, prepared),
        C_GenerateKeyPair: () => prepareImport(house, other),
      }
      for (const [called, work] of Object.entries(works)) {
        let ended = 0
        token.harm(`${called} hold 1`)
        const working = Array.from({ length: 10 }, () => work().then(() => ended++))
        await comesTo(token, `hold ${called} `, 1)
        for (let i = 0; i < 10; i++) {
          await house.must('Encrypt', { KeyId, Plaintext: 'x' })
          await house.must('Decrypt', { CiphertextBlob })
        }
        assert.equal(ended, 0, called)
        token.harm()
        await Promise.all(working)
      }
      assert.deepEqual(house.failures, [])
    })

  it('has a time limit of its own, beyond that of calls that use a key', async () => {
    await using place = await harmed(['--hsm-key-timeout-ms', '120000'], 1000)
    const { house, token } = place
    const prepared = await prepareImport(house, await newKey(house, { Origin: 'EXTERNAL' }))
    token.harm('C_UnwrapKey hold 1')
    const importing = importMaterial(house, prepared)
    await comesTo(token, 'hold C_UnwrapKey ', 1)
    await pause(1500)
    token.harm()
    await importing
    assert.deepEqual(house.failures, [])
  })

  it('fails when its time is over, and the log names the limit', async () => {
    await using place = await harmed(['--hsm-key-timeout-ms', '2000'])
    const { house, token, keyId: KeyId } = place
    const prepared = await prepareImport(house, await newKey(house, { Origin: 'EXTERNAL' }))
    for (const [called, work, call] of [
      ['C_UnwrapKey', 'examine', () => house.call('ImportKeyMaterial', importParameters(prepared))],
      ['C_GenerateKey', 'generate', () => house.call('CreateKey')],
    ] as const) {
      token.harm(`${called} hold 1`)
      const { status, body } = await call()
      assert.deepEqual([status, body.Code], [503, 'ServiceUnavailableTemporary'])
      const log = house.failures.join('\n')
      assert.match(log, new RegExp(`\`${work}\` failed with 503: .* raise hsm-key-timeout-ms \\(2000 ms\\)`))
      await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      token.harm()
    }
    await importMaterial(house, prepared)
    assertNoneEnded(house)
  })

  it('in which the library does nothing else is not taken for its end', async () => {
    // 300 ms of silence count as hanging, and 3 s of it as the end.
    await using place = await harmed(['--hsm-key-timeout-ms', '120000'], 400)
    const { house, token, keyId: KeyId } = place
    const external = await newKey(house, { Origin: 'EXTERNAL' })
    await prepareImport(house, external)
    token.harm('C_GenerateKeyPair alone 1')
    const preparing = prepareImport(house, external)
    await comesTo(token, 'alone C_GenerateKeyPair ', 1)
    assert.equal((await house.call('Encrypt', { KeyId, Plaintext: 'x' })).status, 503)
    await pause(4000)
    token.harm()
    await preparing
    assert.match(house.failures.join('\n'), /hangs, or does nothing else while it does `makeWrappingKey`/)
    assert.doesNotMatch(house.failures.join('\n'), /ended|does not end/)
  })

  it('waits for one session where there is no other, and is no sign that the library hangs', async () => {
    await using place = await harmed(['--hsm-sessions', '1'], 2000)
    const { house, token, keyId: KeyId } = place
    const external = await newKey(house, { Origin: 'EXTERNAL' })
    await prepareImport(house, external)
    token.harm('C_GenerateKeyPair hold 1')
    const preparing = Promise.all(Array.from({ length: 16 }, () => prepareImport(house, external)))
    await comesTo(token, 'hold C_GenerateKeyPair ', 1)
    assert.equal((await house.call('Encrypt', { KeyId, Plaintext: 'x' })).status, 503)
    token.harm()
    assert.equal((await preparing).length, 16)
    assertNoneEnded(house)
  })

  it('is given up with its process when it never ends, and all else goes on', async () => {
    const token = faultyModule(makeToken('SoftHSM2'))
    const reports: string[] = []
    const { module, label } = token
    const device = new Supervisor({
      opening: { module, parameters: null, tokens: [label], sessions: 4 },
      pin: () => ({ pin: PIN, stamp: '' }),
      environment: { ...process.env, ...token.env },
      patienceMs: 3000,
      retireMs: 1000,
      report: (message) => void reports.push(message),
      recovered: () => void reports.push('recovered'),
    })
    try {
      await device.start()
      const key = await device.ask('generate', { prefix: 'ab'.repeat(16), label: 'strongroom/test' }, 60_000)
      const { pid } = device
      const asked = { prefix: 'cd'.repeat(16), label: 'a/b/c', algorithm: 'RSAES_OAEP_SHA_1' } as const
      assert.ok('publicKey' in (await device.ask('makeWrappingKey', asked, 60_000)))
      token.harm('C_GenerateKeyPair hold 1')
      await assert.rejects(device.ask('makeWrappingKey', asked, 300), /in time|too long/)
      await comesTo(token, 'hold C_GenerateKeyPair ', 1)
      const [plaintext, aad] = [Buffer.from('x'), Buffer.from('y')]
      for (let tries = 0; device.pid === pid; tries++) {
        assert.ok(tries < 1200, 'the process was not replaced')
        await device.ask('encrypt', { ...key, plaintext, aad }, 60_000)
        await pause(50)
      }
      token.harm()
      assert.ok('publicKey' in (await device.ask('makeWrappingKey', asked, 60_000)))
      assert.deepEqual(reports, ['the HSM: a request to the PKCS #11 library does not end', 'recovered'])
    } finally {
      token.harm()
      await device.stop()
      token[Symbol.dispose]()
    }
  })
})

describe('a slow device', () => {
  it('gives one call no more than its time, however often the call asks', async () => {
    await using place = await harmed(['--hsm-key-timeout-ms', '3000'], 3000)
    const { house, token, keyId: KeyId } = place
    const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    const prepared = await prepareImport(house, await newKey(house, { Origin: 'EXTERNAL' }))
    // Each of the steps has time enough for itself.
    token.harm('C_Decrypt wait-1600 1', 'C_Encrypt wait-1600 1')
    const { status } = await house.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId })
    assert.equal(status, 503)
    token.harm('C_UnwrapKey wait-1100 1')
    assert.equal((await house.call('ImportKeyMaterial', importParameters(prepared))).status, 503)
  })

  it('lists many objects without counting as one that hangs', async () => {
    await using place = await harmed([], 4000)
    const { house, token, keyId: KeyId } = place
    for (let i = 0; i < 40; i++) await newKey(house)
    token.harm('C_GetAttributeValue wait-90 1')
    let isListed = false
    const listing = (house.open.hsm?.inspect() ?? Promise.reject(new Error('no HSM'))).finally(() => {
      isListed = true
    })
    let encrypted = 0
    for (; !isListed; encrypted++) await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    assert.ok(encrypted > 0)
    assert.equal((await listing)[0]?.keys.length, 41)
    assertNoneEnded(house)
  })

  it('does nothing any more for callers that have gone', async () => {
    await using place = await harmed([], 1000)
    const { house, token, keyId } = place
    const version = (await house.must('DescribeKey', { KeyId: keyId })).KeyMetadata.PrimaryKeyVersion
    const scope = { account: house.credentials.accountId, region: 'cn-hangzhou' }
    const material = (await house.open.ledger.get(VERSION, scope, version))?.body.material ?? ''
    const place_ = { ...scope, keyId, versionId: version, keySpec: 'Aliyun_AES_256', protectionLevel: 'HSM' } as const
    const bytes = Buffer.from('x')
    const encrypt = async () => {
      try {
        await house.open.keystore.encrypt(place_, material, bytes, bytes)
        return true
      } catch {
        return false
      }
    }
    // From here on calls leave the library's main thread.
    token.harm('C_Encrypt wait-20 1')
    for (let i = 0; i < 5; i++) await encrypt()
    token.harm('C_Encrypt hold 1')
    const flood = await Promise.all(Array.from({ length: 300 }, encrypt))
    assert.ok(flood.every((isDone) => !isDone))
    token.harm('C_Encrypt note 1')
    for (let tries = 0; !(await encrypt()); tries++) assert.ok(tries < 60, 'it does not serve again')
    const begun = token.log().filter((line) => line.startsWith('note C_Encrypt ')).length
    assert.ok(begun <= 61, `${begun} begun`)
    assert.ok(token.log().filter((line) => line.startsWith('hold C_Encrypt ')).length <= 16)
  })
})

describe('the log of calls that the device failed', () => {
  it('has a line for each kind at once, and how often it came again', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const lines: string[] = []
    const failed = new FailedCalls((line) => void lines.push(line))
    for (let i = 0; i < 1000; i++) for (const kind of ['one', 'two']) failed.note(kind)
    failed.note('three')
    assert.deepEqual(lines.splice(0), ['one', 'two', 'three'])
    t.mock.timers.tick(60_000)
    assert.deepEqual(lines.splice(0), ['one (999 times more)', 'two (999 times more)'])
    t.mock.timers.tick(600_000)
    failed.note('one')
    assert.deepEqual(lines.splice(0), ['one'])
    for (let i = 0; i < 1000; i++) failed.note(`kind ${i}`)
    failed.tell()
    assert.equal(lines.length, 21)
    assert.equal(lines.at(-1), 'calls failed in other ways as well (980 times more)')
  })

  it('has one for a call of one key alone', async () => {
    await using place = await harmed()
    const { house, token, keyId: KeyId } = place
    token.harm('C_Encrypt 0x30 1')
    for (let i = 0; i < 5; i++) assert.equal((await house.call('Encrypt', { KeyId, Plaintext: 'x' })).status, 503)
    const lines = house.failures.filter((line) => line.includes('`encrypt` failed with 503: CKR_DEVICE_ERROR'))
    assert.equal(lines.length, 1)
  })
})
