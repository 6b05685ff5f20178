// One call's trouble is one call's: what a device says wrong, or does slowly, for one object or one function, costs no other call.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Supervisor } from '../../../src/keystore/pkcs11/supervisor.ts'
import { DESTRUCTION, VERSION } from '../../../src/kms/records.ts'
import { openTestHouse, type TestHouse } from '../../house.ts'
import { importMaterial, importParameters, prepareImport } from '../../kms/byok.ts'
import { faultyModule, makeToken, PIN } from './tokens.ts'

const DAY = 86_400_000
const HOUR = 3_600_000

/** A service whose device does harm when it is told to, and a key in it. */
async function harmed(flags: readonly string[] = [], timeoutMs = 5000) {
  const token = faultyModule(makeToken('SoftHSM2', timeoutMs))
  const house = await openTestHouse(null, flags, { token })
  return { house, token, keyId: await newKey(house), [Symbol.asyncDispose]: () => house[Symbol.asyncDispose]() }
}

async function newKey(house: TestHouse, parameters: Record<string, string> = {}): Promise<string> {
  return (await house.must('CreateKey', parameters)).KeyMetadata.KeyId
}

/** Deletes a key, and lets the service do what is due then. */
async function deleteKey(house: TestHouse, KeyId: string): Promise<void> {
  await house.must('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' })
  house.now += 7 * DAY
  await house.sweep()
}

async function destructions(house: TestHouse): Promise<number> {
  return (await house.open.ledger.due(DESTRUCTION, Number.MAX_SAFE_INTEGER, 10)).length
}

/** How often each outcome comes of a call, made again and again until `done`. */
async function outcomesUntil(done: Promise<unknown>, call: () => Promise<string>): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {}
  let isDone = false
  const settled = () => {
    isDone = true
  }
  done.then(settled, settled)
  while (!isDone) {
    const outcome = await call()
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    await pause(10)
  }
  return outcomes
}

describe('a ciphertext that the device does not open', () => {
  for (const value of ['0x42', '0x80000001'])
    it(`is refused as not authentic when it is that, and the device says ${value}`, async () => {
      await using place = await harmed()
      const { house, token, keyId: KeyId } = place
      const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      const altered = Buffer.from(CiphertextBlob, 'base64')
      altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1
      const pid = house.open.hsm?.pid
      token.harm(`C_Decrypt bad-tag-${value} 1`)
      for (let i = 0; i < 3; i++) {
        assert.equal(await house.outcome('Decrypt', { CiphertextBlob: altered.toString('base64') }), 'InvalidParameter')
        assert.equal(await house.outcome('Encrypt', { KeyId, Plaintext: 'x' }), 'OK')
      }
      token.harm()
      assert.equal(house.open.hsm?.pid, pid)
      assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'x')
      assert.deepEqual(house.failures, [])
    })

  for (const value of ['0x5', '0x6', '0x80000001'])
    it(`is never refused as not authentic while the device opens nothing, saying ${value}`, async () => {
      await using place = await harmed()
      const { house, token, keyId: KeyId } = place
      const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'x' })
      token.harm(`C_Decrypt ${value} 1`)
      for (let i = 0; i < 3; i++) assert.equal((await house.call('Decrypt', { CiphertextBlob })).status, 503)
      // Now and then: the second try tells.
      for (const every of [2, 3, 4, 5]) {
        token.harm(`C_Decrypt ${value} ${every}`)
        for (let i = 0; i < 10; i++) assert.notEqual((await house.call('Decrypt', { CiphertextBlob })).status, 400)
      }
      token.harm()
      assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'x')
    })

  it('keeps one call from working, and no other', async () => {
    await using place = await harmed()
    const { house, token, keyId: KeyId } = place
    const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    const pid = house.open.hsm?.pid
    token.harm('C_Decrypt 0x30 1')
    const failing = Promise.all(Array.from({ length: 20 }, () => house.call('Decrypt', { CiphertextBlob })))
    const outcomes = await outcomesUntil(failing, () => house.outcome('Encrypt', { KeyId, Plaintext: 'x' }))
    assert.ok((await failing).every(({ status }) => status === 503))
    assert.deepEqual(Object.keys(outcomes), ['OK'])
    assert.equal(house.open.hsm?.pid, pid)
  })
})

describe('material that the device does not unwrap', () => {
  it('is never refused as no material while the device unwraps nothing, nor its algorithm as unknown', async () => {
    await using place = await harmed()
    const { house, token } = place
    const KeyId = await newKey(house, { Origin: 'EXTERNAL' })
    const asked = { KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_1', WrappingKeySpec: 'RSA_2048' }
    const pid = house.open.hsm?.pid
    token.harm('C_UnwrapKey 0x5 1')
    assert.equal((await house.call('GetParametersForImport', asked)).status, 503)
    token.harm()
    const prepared = await prepareImport(house, KeyId)
    for (const every of [1, 5]) {
      token.harm(`C_UnwrapKey 0x5 ${every}`)
      for (let i = 0; i < 5; i++)
        assert.notEqual(await house.outcome('ImportKeyMaterial', importParameters(prepared)), 'InvalidKeyMaterial')
    }
    token.harm()
    assert.equal(house.open.hsm?.pid, pid)
    await importMaterial(house, prepared)
  })
})

describe('an object that the device does not destroy', () => {
  it('waits, ever longer, and nothing waits for it', async () => {
    await using place = await harmed()
    const { house, token, keyId: KeyId } = place
    const [kept, other] = [await newKey(house), await newKey(house)]
    const pid = house.open.hsm?.pid
    token.harm('C_DestroyObject 0x1B 1')
    await deleteKey(house, kept)
    assert.match(
      house.failures.join(),
      /the destruction of hsm\/1\/[0-9a-f]{48} failed, and is put off: Error: the device does not destroy the object with CKA_ID [0-9a-f]{48}: CKR_ACTION_PROHIBITED/,
    )
    await house.sweep()
    assert.equal(house.failures.length, 1)
    await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    house.now += 2 * DAY
    await house.sweep()
    assert.equal(house.failures.length, 2)
    house.now += HOUR - 1
    await house.sweep()
    assert.equal(house.failures.length, 2)
    assert.equal(house.open.hsm?.pid, pid)
    token.harm()
    await deleteKey(house, other)
    assert.equal(await destructions(house), 0)
  })

  it('takes no other call with it when the device fails at it', async () => {
    await using place = await harmed()
    const { house, token, keyId: KeyId } = place
    const kept = await newKey(house)
    token.harm('C_DestroyObject 0x30 1')
    await deleteKey(house, kept)
    const sweeping = (async () => {
      for (let i = 0; i < 20; i++) {
        house.now += 1000
        await house.sweep()
        await pause(20)
      }
    })()
    const pid = house.open.hsm?.pid
    const outcomes = await outcomesUntil(sweeping, () => house.outcome('Encrypt', { KeyId, Plaintext: 'x' }))
    assert.deepEqual(Object.keys(outcomes), ['OK'])
    assert.equal(house.open.hsm?.pid, pid)
    token.harm()
    house.now += HOUR
    await house.sweep()
    assert.equal(await destructions(house), 0)
  })
})

describe('a wrapping key that the device does not destroy', () => {
  it('keeps no other that has expired', async () => {
    await using place = await harmed()
    const { house, token } = place
    const external = await newKey(house, { Origin: 'EXTERNAL' })
    for (let i = 0; i < 4; i++) await prepareImport(house, external)
    house.now += 2 * DAY
    token.harm('C_DestroyObject 0x1B 2')
    await house.sweep()
    token.harm()
    assert.match(house.failures.join(), /expired wrapping keys could not be removed/)
    assert.equal((await house.open.hsm?.inspect())?.[0]?.wrappingKeys.length, 2)
  })
})

describe('sessions that are void', () => {
  it('are not used again, nor what was found in them, by work that waited meanwhile', async () => {
    await using place = await harmed(['--hsm-sessions', '4'])
    const { house, token, keyId: KeyId } = place
    const external = await newKey(house, { Origin: 'EXTERNAL' })
    for (let i = 0; i < 3; i++) {
      token.harm('C_GenerateKeyPair wait-200 1')
      const preparing = prepareImport(house, external)
      await pause(100)
      token.harm('C_EncryptInit 0xB3 1')
      await house.outcome('Encrypt', { KeyId, Plaintext: 'x' })
      token.harm()
      assert.ok((await preparing).token)
    }
    assert.ok(token.log().filter((line) => line.startsWith('login')).length >= 3)
    assert.deepEqual(
      token.log().filter((line) => line.startsWith('stale')),
      [],
    )
  })

  it('are done without when the device has no more, whatever becomes of a call', async () => {
    await using place = await harmed(['--hsm-sessions', '8'])
    const { house, token, keyId: KeyId } = place
    const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    token.harm('C_Encrypt wait-20 1')
    await Promise.all(Array.from({ length: 30 }, () => house.must('Encrypt', { KeyId, Plaintext: 'x' })))
    const pid = house.open.hsm?.pid
    token.harm('C_OpenSession 0xB1 1', 'C_Decrypt 0x54 1')
    for (let i = 0; i < 5; i++) {
      assert.equal((await house.call('Decrypt', { CiphertextBlob })).status, 503)
      await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    }
    assert.equal(house.open.hsm?.pid, pid)
  })

  it('are opened anew when the device opens only some', async () => {
    await using place = await harmed(['--hsm-sessions', '4'])
    const { house, token, keyId: KeyId } = place
    for (const value of ['0xB1', '0x30']) {
      token.harm('C_Encrypt wait-20 1', `C_OpenSession ${value} 2`)
      const calls = Array.from({ length: 40 }, () => house.outcome('Encrypt', { KeyId, Plaintext: 'x' }))
      const well = (await Promise.all(calls)).filter((outcome) => outcome === 'OK')
      assert.ok(well.length >= 36, `${value}: ${well.length}`)
    }
    token.harm()
    await house.must('Encrypt', { KeyId, Plaintext: 'x' })
  })
})

describe('an object that may have been made', () => {
  it('is never taken for the one that was made after it', async () => {
    await using place = await harmed()
    const { house, token } = place
    token.harm('C_GenerateKey done-0x30 2')
    const keys: string[] = []
    for (let i = 0; i < 6; i++) {
      const { status, body } = await house.call('CreateKey')
      if (status === 200) keys.push(body.KeyMetadata.KeyId)
    }
    token.harm()
    assert.ok(keys.length > 0)
    for (const KeyId of keys) await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    const ids = ((await house.open.hsm?.inspect()) ?? []).flatMap((report) => report.keys.map(({ id }) => id))
    assert.equal(new Set(ids).size, ids.length)
  })
})

describe('a slow device', () => {
  it('gives one call no more than its time, however often the call asks', async () => {
    await using place = await harmed([], 1000)
    const { house, token, keyId: KeyId } = place
    const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    token.harm('C_Decrypt wait-700 1', 'C_Encrypt wait-700 1')
    const { status } = await house.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId })
    token.harm()
    assert.equal(status, 503)
    const prepared = await prepareImport(house, await newKey(house, { Origin: 'EXTERNAL' }))
    token.harm('C_UnwrapKey wait-400 1')
    assert.equal((await house.call('ImportKeyMaterial', importParameters(prepared))).status, 503)
  })

  for (const sessions of ['16', '1'])
    it(`makes sixteen pairs at once beside all else, with ${sessions} sessions, and does not count as one that hangs`, async () => {
      await using place = await harmed(['--hsm-sessions', sessions], 400)
      const { house, token, keyId: KeyId } = place
      const external = await newKey(house, { Origin: 'EXTERNAL' })
      await prepareImport(house, external)
      const pid = house.open.hsm?.pid
      token.harm('C_GenerateKeyPair wait-500 1')
      const preparing = Promise.all(Array.from({ length: 16 }, () => prepareImport(house, external)))
      const outcomes = await outcomesUntil(preparing, () => house.outcome('Encrypt', { KeyId, Plaintext: 'x' }))
      assert.equal((await preparing).length, 16)
      if (sessions === '16') assert.deepEqual(Object.keys(outcomes), ['OK'])
      assert.equal(house.open.hsm?.pid, pid)
      assert.deepEqual(house.failures, [])
    })

  it('lists many objects without counting as one that hangs', async () => {
    await using place = await harmed([], 200)
    const { house, token, keyId: KeyId } = place
    for (let i = 0; i < 60; i++) await newKey(house)
    token.harm('C_GetAttributeValue wait-10 1')
    const listing = house.open.hsm?.inspect() ?? Promise.reject(new Error('no HSM'))
    const outcomes = await outcomesUntil(listing, () => house.outcome('Encrypt', { KeyId, Plaintext: 'x' }))
    assert.equal((await listing)[0]?.keys.length, 61)
    assert.deepEqual(Object.keys(outcomes), ['OK'])
  })

  it('does nothing any more for callers that have gone, once a flood of calls is over', async () => {
    await using place = await harmed([], 200)
    const { house, token, keyId } = place
    const version = (await house.must('DescribeKey', { KeyId: keyId })).KeyMetadata.PrimaryKeyVersion
    const scope = { account: house.credentials.accountId, region: 'cn-hangzhou' }
    const material = (await house.open.ledger.get(VERSION, scope, version))?.body.material ?? ''
    const place_ = { ...scope, keyId, versionId: version, protectionLevel: 'HSM' } as const
    const bytes = Buffer.from('x')
    const encrypt = () =>
      house.open.keystore.encrypt(place_, material, bytes, bytes).then(
        () => true,
        () => false,
      )
    token.harm('C_Encrypt wait-20 1')
    for (let i = 0; i < 3; i++) await encrypt()
    const flood: Promise<boolean>[] = []
    for (let i = 0; i < 300; i++) {
      for (let j = 0; j < 10; j++) flood.push(encrypt())
      await pause(5)
    }
    const answered = (await Promise.all(flood)).filter(Boolean).length
    // As many as 16 sessions do of it in that time, or nearly so.
    assert.ok(answered > 400, `${answered} answered`)
    assert.ok((await Promise.all(Array.from({ length: 8 }, encrypt))).every(Boolean))
  })
  it('has its process replaced when it never ends what it began, and all else goes on', async () => {
    const token = faultyModule(makeToken('SoftHSM2'))
    const reports: string[] = []
    const { module, label } = token
    const device = new Supervisor({
      opening: { module, parameters: null, tokens: [label], sessions: 4 },
      pin: () => ({ pin: PIN, stamp: '' }),
      environment: { ...process.env, ...token.env },
      patienceMs: 150,
      report: (message) => void reports.push(message),
    })
    await device.start()
    const key = await device.ask('generate', { prefix: 'ab'.repeat(16), label: 'strongroom/test' }, 5000)
    const { pid } = device
    token.harm('C_GenerateKeyPair wait-600000 1')
    const asked = { prefix: 'cd'.repeat(16), label: 'a/b/c', algorithm: 'RSAES_OAEP_SHA_1' } as const
    await assert.rejects(device.ask('makeWrappingKey', asked, 300), /in time/)
    token.harm()
    const [plaintext, aad] = [Buffer.from('x'), Buffer.from('y')]
    for (let tries = 0; device.pid === pid; tries++) {
      assert.ok(tries < 300, 'the process was not replaced')
      await device.ask('encrypt', { ...key, plaintext, aad }, 1000)
      await pause(50)
    }
    assert.ok('modulus' in (await device.ask('makeWrappingKey', asked, 5000)))
    assert.deepEqual(reports, ['the HSM: the PKCS #11 library does not end what it began', 'the HSM serves again'])
    await device.stop()
    token[Symbol.dispose]()
  })
})
