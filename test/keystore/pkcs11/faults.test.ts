// One call's trouble is one call's: what a device says wrong, or does slowly, for one object or one function, costs no other call.
import assert from 'node:assert/strict'
import { hash, verify } from 'node:crypto'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { DESTRUCTION } from '../../../src/kms/records.ts'
import type { TestHouse } from '../../house.ts'
import { importMaterial, importParameters, prepareImport } from '../../kms/byok.ts'
import { until } from '../../until.ts'
import { assertNoneEnded, comesTo, harmed, newKey } from './harmed.ts'

const DAY = 86_400_000
const HOUR = 3_600_000

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
      token.harm(`C_Decrypt bad-tag-${value} 1`)
      for (let i = 0; i < 3; i++) {
        assert.equal(await house.outcome('Decrypt', { CiphertextBlob: altered.toString('base64') }), 'InvalidParameter')
        assert.equal(await house.outcome('Encrypt', { KeyId, Plaintext: 'x' }), 'OK')
      }
      token.harm()
      assertNoneEnded(house)
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
    token.harm('C_Decrypt 0x30 1')
    const failing = Promise.all(Array.from({ length: 20 }, () => house.call('Decrypt', { CiphertextBlob })))
    const outcomes = await outcomesUntil(failing, () => house.outcome('Encrypt', { KeyId, Plaintext: 'x' }))
    assert.ok((await failing).every(({ status }) => status === 503))
    assert.deepEqual(Object.keys(outcomes), ['OK'])
    assertNoneEnded(house)
  })
})

describe('a pair whose device fails', () => {
  it('is not said to lack what it has: neither its mechanisms, nor a plaintext', async () => {
    await using place = await harmed()
    const { house, token } = place
    token.harm('C_GenerateKeyPair 0x5 1')
    for (const KeySpec of ['EC_P256', 'RSA_2048'])
      assert.equal((await house.call('CreateKey', { KeySpec })).status, 503, KeySpec)
    token.harm()
    const KeyId = await newKey(house, { KeySpec: 'RSA_2048' })
    const [{ KeyVersionId }] = (await house.must('ListKeyVersions', { KeyId })).KeyVersions.KeyVersion
    const of = { KeyId, KeyVersionId, Algorithm: 'RSAES_OAEP_SHA_1' }
    const { CiphertextBlob } = await house.must('AsymmetricEncrypt', { ...of, Plaintext: 'eA==' })
    const decrypt = () => house.call('AsymmetricDecrypt', { ...of, CiphertextBlob })
    token.harm('C_Decrypt 0x5 1')
    for (let i = 0; i < 2; i++) assert.equal((await decrypt()).status, 503)
    for (const every of [2, 3, 4]) {
      token.harm(`C_Decrypt 0x5 ${every}`)
      for (let i = 0; i < 6; i++) assert.notEqual((await decrypt()).status, 400)
    }
    token.harm()
    assert.equal((await decrypt()).body.Plaintext, 'eA==')
    assertNoneEnded(house)
  })
})

describe('a signature that the device does not make', () => {
  const message = Buffer.from('what is signed')
  const Digest = hash('sha256', message, 'base64')

  async function signer(house: TestHouse) {
    const KeyId = await newKey(house, { KeySpec: 'EC_P256' })
    const [{ KeyVersionId }] = (await house.must('ListKeyVersions', { KeyId })).KeyVersions.KeyVersion
    const { PublicKey } = await house.must('GetPublicKey', { KeyId, KeyVersionId })
    const sign = () => house.call('AsymmetricSign', { KeyId, KeyVersionId, Algorithm: 'ECDSA_SHA_256', Digest })
    const assertSigned = async () => {
      const { status, body } = await sign()
      assert.equal(status, 200, JSON.stringify(body))
      assert.ok(verify('sha256', message, PublicKey, Buffer.from(body.Value, 'base64')))
    }
    return { sign, assertSigned }
  }

  it('keeps one call from working, and no other; a token or a login that is lost in the middle keeps none', async () => {
    await using place = await harmed()
    const { house, token, keyId: KeyId } = place
    const { sign, assertSigned } = await signer(house)
    token.harm('C_Sign 0x54 1')
    for (let i = 0; i < 3; i++) {
      const { status, body } = await sign()
      assert.deepEqual([status, body.Code], [400, 'Rejected.UnsupportedOperation'])
      assert.match(body.Message, /the managed HSM here lacks CKM_ECDSA$/)
    }
    token.harm('C_Sign 0x30 1')
    const failing = Promise.all(Array.from({ length: 10 }, sign))
    const outcomes = await outcomesUntil(failing, () => house.outcome('Encrypt', { KeyId, Plaintext: 'x' }))
    assert.ok((await failing).every(({ status }) => status === 503))
    assert.deepEqual(Object.keys(outcomes), ['OK'])
    for (const harm of ['C_Sign 0x32 2', 'C_Sign logout 3', 'C_SignInit 0xB3 2', 'C_SignInit logout 2']) {
      token.harm(harm)
      for (let i = 0; i < 6; i++) await assertSigned()
    }
    token.harm()
    assertNoneEnded(house)
    assert.deepEqual(
      token.log().filter((line) => line.startsWith('stale C_Sign ')),
      [],
    )
  })

  it('fails at once with the process that makes it, and the next process makes it', async () => {
    await using place = await harmed()
    const { house, token } = place
    const { sign, assertSigned } = await signer(house)
    token.harm('C_SignInit hold 1')
    const signing = sign()
    await comesTo(token, 'hold C_SignInit ', 1)
    process.kill(house.open.hsm?.pid ?? 0, 'SIGKILL')
    assert.equal((await signing).status, 503)
    token.harm()
    await until(async () => (await sign()).status === 200)
    await assertSigned()
  })
})

describe('material that the device does not unwrap', () => {
  it('is never refused as no material while the device unwraps nothing, nor its algorithm as unknown', async () => {
    await using place = await harmed()
    const { house, token } = place
    const KeyId = await newKey(house, { Origin: 'EXTERNAL' })
    const asked = { KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_1', WrappingKeySpec: 'RSA_2048' }
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
    assertNoneEnded(house)
    await importMaterial(house, prepared)
  })
})

describe('an object that the device does not destroy', () => {
  it('waits, ever longer, and nothing waits for it', async () => {
    await using place = await harmed()
    const { house, token, keyId: KeyId } = place
    const [kept, other] = [await newKey(house), await newKey(house)]
    token.harm('C_DestroyObject 0x1B 1')
    await deleteKey(house, kept)
    assert.match(
      house.failures.join(),
      /the destruction of hsm\/1\/[0-9a-f]{48} failed, and is postponed: Error: the device does not destroy the object with CKA_ID [0-9a-f]{48}: CKR_ACTION_PROHIBITED/,
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
    assertNoneEnded(house)
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
    const outcomes = await outcomesUntil(sweeping, () => house.outcome('Encrypt', { KeyId, Plaintext: 'x' }))
    assert.deepEqual(Object.keys(outcomes), ['OK'])
    assertNoneEnded(house)
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
    for (let i = 1; i <= 3; i++) {
      token.harm('C_GenerateKeyPair hold 1')
      const preparing = prepareImport(house, external)
      await comesTo(token, 'hold C_GenerateKeyPair ', i)
      token.harm('C_GenerateKeyPair hold 1', 'C_EncryptInit 0xB3 1')
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
    token.harm('C_OpenSession 0xB1 1', 'C_Decrypt 0x54 1')
    for (let i = 0; i < 5; i++) {
      assert.equal((await house.call('Decrypt', { CiphertextBlob })).status, 503)
      await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    }
    assertNoneEnded(house)
  })

  it('are opened again when the device opens only some', async () => {
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
