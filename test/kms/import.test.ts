// Bring your own key, as the guide tells it.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { eachProtectionLevel } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import {
  algorithmsOf,
  bestAlgorithm,
  importMaterial,
  importParameters,
  otherAlgorithm,
  prepareImport,
  wrap,
} from './byok.ts'

const HOUR = 3_600_000

eachProtectionLevel((open) => {
  describe('import of key material', () => {
    let house: TestHouse
    before(async () => {
      house = await open()
    })
    after(() => house[Symbol.asyncDispose]())

    const external = async (): Promise<string> =>
      (await house.must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata.KeyId
    const metadata = async (KeyId: string) => (await house.must('DescribeKey', { KeyId })).KeyMetadata
    const importing = async (parameters: Record<string, string>) => house.outcome('ImportKeyMaterial', parameters)

    it('starts without material, in PendingImport', async () => {
      const { KeyMetadata } = await house.must('CreateKey', { Origin: 'EXTERNAL' })
      assert.equal(KeyMetadata.KeyState, 'PendingImport')
      assert.equal(KeyMetadata.Origin, 'EXTERNAL')
      assert.equal('PrimaryKeyVersion' in KeyMetadata, false)
      assert.equal(
        await house.outcome('Encrypt', { KeyId: KeyMetadata.KeyId, Plaintext: 'x' }),
        'Rejected.PendingImport',
      )
    })

    it('answers a new RSA-2048 key and token each time, good for 24 hours', async () => {
      const keyId = await external()
      const ask = () =>
        house.must('GetParametersForImport', {
          KeyId: keyId,
          WrappingAlgorithm: 'RSAES_OAEP_SHA_1',
          WrappingKeySpec: 'RSA_2048',
        })
      const [one, two] = [await ask(), await ask()]
      assert.match(one.PublicKey, /^MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A/)
      assert.notEqual(one.PublicKey, two.PublicKey)
      assert.notEqual(one.ImportToken, two.ImportToken)
      const expected = `${new Date(house.now + 24 * HOUR).toISOString().slice(0, 19)}Z`
      assert.equal(one.TokenExpireTime, expected)
      assert.equal(one.KeyId, keyId)
    })

    for (const algorithm of ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'RSAES_PKCS1_V1_5'])
      it(`imports material wrapped with ${algorithm}, or says that the HSM can't`, async () => {
        const keyId = await external()
        if (!algorithmsOf(house).includes(algorithm)) {
          const asked = { KeyId: keyId, WrappingAlgorithm: algorithm, WrappingKeySpec: 'RSA_2048' }
          const { status, body } = await house.call('GetParametersForImport', asked)
          assert.deepEqual([status, body.Code], [400, 'InvalidParameter'])
          assert.match(
            body.Message,
            algorithm === 'RSAES_PKCS1_V1_5'
              ? /"WrappingAlgorithm".* takes wrongly padded texts for material with CKM_RSA_PKCS: choose another algorithm/
              : /"WrappingAlgorithm".* lacks CKM_RSA_PKCS_OAEP with SHA-256: choose another algorithm/,
          )
          return
        }
        await importMaterial(house, await prepareImport(house, keyId, { algorithm }))
        const { KeyState, MaterialExpireTime, PrimaryKeyVersion } = await metadata(keyId)
        assert.deepEqual([KeyState, MaterialExpireTime], ['Enabled', ''])
        const { CiphertextBlob, KeyVersionId } = await house.must('Encrypt', { KeyId: keyId, Plaintext: 'mine' })
        assert.equal(KeyVersionId, PrimaryKeyVersion)
        assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'mine')
      })

    it('refuses material of any other length than 256 bits, whatever the padding', async () => {
      for (const algorithm of algorithmsOf(house))
        for (const length of [0, 1, 16, 31, 33, 64]) {
          const keyId = await external()
          const prepared = await prepareImport(house, keyId, { algorithm, material: randomBytes(length) })
          assert.equal(await importing(importParameters(prepared)), 'InvalidKeyMaterial', `${algorithm} ${length}`)
          assert.equal((await metadata(keyId)).KeyState, 'PendingImport')
        }
    })

    it('takes material of 256 bits, and of no other length', async () => {
      const keyId = await external()
      const prepared = await prepareImport(house, keyId)
      for (const length of [1, 15, 16, 17, 24, 31, 33, 48, 64, 128]) {
        const wrapped = wrap(prepared.publicKey, bestAlgorithm(house), randomBytes(length))
        const { body } = await house.call('ImportKeyMaterial', importParameters({ ...prepared, wrapped }))
        assert.equal(body.Code, 'InvalidKeyMaterial', `${length} bytes`)
      }
      await house.must('ImportKeyMaterial', importParameters(prepared))
    })

    it('refuses every failed unwrapping with the same words: no padding oracle', async () => {
      const keyId = await external()
      const answers = new Set<string>()
      for (const algorithm of algorithmsOf(house)) {
        const prepared = await prepareImport(house, keyId, { algorithm })
        const others = [
          wrap(prepared.publicKey, algorithm, randomBytes(16)),
          wrap(prepared.publicKey, otherAlgorithm(algorithm), randomBytes(32)),
          Buffer.alloc(256).toString('base64'),
          Buffer.alloc(256, 255).toString('base64'),
          randomBytes(255).toString('base64'),
          Buffer.concat([Buffer.of(0), randomBytes(255)]).toString('base64'),
          'not Base64!',
        ]
        for (const wrapped of others) {
          const { status, body } = await house.call('ImportKeyMaterial', importParameters({ ...prepared, wrapped }))
          answers.add(`${status} ${body.Code} ${body.Message}`)
        }
      }
      assert.deepEqual([...answers], ['400 InvalidKeyMaterial key material is invalid.'])
    })

    it('takes a token many times within 24 hours, and no longer', async () => {
      const keyId = await external()
      const prepared = await prepareImport(house, keyId)
      await importMaterial(house, prepared)
      await importMaterial(house, prepared, house.now + HOUR)
      house.now += 24 * HOUR - 1000
      assert.equal(await importing(importParameters(prepared)), 'OK')
      house.now += 1000
      assert.equal(await importing(importParameters(prepared)), 'ExpiredImportToken')
    })

    it('binds the token to its key, its wrapping key and its algorithm', async () => {
      const keyId = await external()
      const [mine, again] = [await prepareImport(house, keyId), await prepareImport(house, keyId)]
      const other = await prepareImport(house, await external())
      const from = (token: string, wrapped: string) => importing(importParameters({ ...mine, token, wrapped }))
      assert.equal(await from(other.token, other.wrapped), 'InvalidImportToken')
      assert.equal(await from(again.token, mine.wrapped), 'InvalidKeyMaterial')
      const otherHash = wrap(mine.publicKey, otherAlgorithm(bestAlgorithm(house)), mine.material)
      assert.equal(await from(mine.token, otherHash), 'InvalidKeyMaterial')
      assert.equal(await from(mine.token, mine.wrapped), 'OK')
    })

    it('refuses a token with any byte changed', async () => {
      const prepared = await prepareImport(house, await external())
      const bytes = Buffer.from(prepared.token, 'base64')
      for (const at of [0, 1, 8, 9, 10, 30, 40, bytes.length >> 1, bytes.length - 1]) {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ 1
        const token = changed.toString('base64')
        assert.equal(await importing(importParameters({ ...prepared, token })), 'InvalidImportToken', `byte ${at}`)
      }
      for (const token of ['AAAA', 'no token', prepared.token.slice(4), `${prepared.token}AAAA`])
        assert.equal(await importing(importParameters({ ...prepared, token })), 'InvalidImportToken')
    })

    it('lets only the very same material come back', async () => {
      const keyId = await external()
      const first = await prepareImport(house, keyId)
      await importMaterial(house, first)
      const { CiphertextBlob, KeyVersionId } = await house.must('Encrypt', { KeyId: keyId, Plaintext: 'old' })
      const foreign = await prepareImport(house, keyId)
      assert.equal(await importing(importParameters(foreign)), 'InvalidKeyMaterial')
      await house.must('DeleteKeyMaterial', { KeyId: keyId })
      assert.equal((await metadata(keyId)).KeyState, 'PendingImport')
      assert.equal(await house.outcome('Decrypt', { CiphertextBlob }), 'Rejected.PendingImport')
      assert.equal(await importing(importParameters(foreign)), 'InvalidKeyMaterial')
      await importMaterial(house, await prepareImport(house, keyId, { material: first.material }))
      const opened = await house.must('Decrypt', { CiphertextBlob })
      assert.deepEqual([opened.Plaintext, opened.KeyVersionId], ['old', KeyVersionId])
    })

    it('lets material expire at its very second, with or without a sweep, and after a restart', async () => {
      const expiring = async () => {
        const keyId = await external()
        const prepared = await prepareImport(house, keyId)
        const expiresAt = Math.floor(house.now / 1000) * 1000 + 60_000
        await importMaterial(house, prepared, expiresAt)
        assert.equal((await metadata(keyId)).MaterialExpireTime, `${new Date(expiresAt).toISOString().slice(0, 19)}Z`)
        return { keyId, prepared, expiresAt }
      }
      const { keyId, prepared, expiresAt } = await expiring()
      const { CiphertextBlob } = await house.must('Encrypt', { KeyId: keyId, Plaintext: 'late' })
      house.now = expiresAt - 1
      assert.equal(await house.outcome('Decrypt', { CiphertextBlob }), 'OK')
      house.now = expiresAt
      assert.equal(await house.outcome('Decrypt', { CiphertextBlob }), 'Rejected.PendingImport')
      await house.restart()
      assert.equal(await house.outcome('Decrypt', { CiphertextBlob }), 'Rejected.PendingImport')
      const { KeyState, MaterialExpireTime } = await metadata(keyId)
      assert.deepEqual([KeyState, MaterialExpireTime], ['PendingImport', ''])
      assert.ok((await house.sweep()) >= 1)
      assert.equal(await house.sweep(), 0)
      const event = (await house.events()).find(({ eventName }) => eventName === 'DeleteExpiredKeyMaterial')
      assert.deepEqual(event?.['referencedResources'], { 'ACS::KMS::Key': [keyId] })
      assert.equal(event?.['eventType'], 'AliyunServiceEvent')
      await importMaterial(house, await prepareImport(house, keyId, { material: prepared.material }))
      assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'late')
      house.now += 365 * 24 * HOUR
      assert.equal(await house.outcome('Decrypt', { CiphertextBlob }), 'OK')
    })

    it('replaces the expiry when the same material is imported again; 0 and absent mean never', async () => {
      const keyId = await external()
      const prepared = await prepareImport(house, keyId)
      await importMaterial(house, prepared, house.now + HOUR)
      await importMaterial(house, prepared, house.now + 2 * HOUR)
      house.now += HOUR
      assert.equal((await metadata(keyId)).KeyState, 'Enabled')
      await house.must('ImportKeyMaterial', { ...importParameters(prepared), KeyMaterialExpireUnix: '0' })
      assert.equal((await metadata(keyId)).MaterialExpireTime, '')
      await importMaterial(house, prepared, house.now + HOUR)
      await importMaterial(house, prepared)
      assert.equal((await metadata(keyId)).MaterialExpireTime, '')
    })

    it('refuses an expiry that is not in the future', async () => {
      const prepared = await prepareImport(house, await external())
      for (const KeyMaterialExpireUnix of [
        '-1',
        '1',
        String(Math.floor(house.now / 1000)),
        '1e20',
        'soon',
        '99999999999999',
      ])
        assert.equal(await importing({ ...importParameters(prepared), KeyMaterialExpireUnix }), 'InvalidParameter')
    })

    it('refuses an expiry beyond the year 9999, and says what milliseconds were meant for', async () => {
      const keyId = await external()
      const prepared = await prepareImport(house, keyId)
      const answer = async (KeyMaterialExpireUnix: number) =>
        (
          await house.call('ImportKeyMaterial', {
            ...importParameters(prepared),
            KeyMaterialExpireUnix: String(KeyMaterialExpireUnix),
          })
        ).body
      const milliseconds = await answer(1_804_000_000_000)
      assert.equal(milliseconds.Code, 'InvalidParameter')
      assert.match(milliseconds.Message, /Seconds since 1970.*2027-03-02T15:06:40Z: send 1804000000\.$/)
      assert.equal((await answer(253_402_300_800)).Code, 'InvalidParameter')
      assert.equal((await answer(8_640_000_000_000)).Code, 'InvalidParameter')
      await answer(253_402_300_799)
      assert.equal((await metadata(keyId)).MaterialExpireTime, '9999-12-31T23:59:59Z')
    })

    it('keeps a key that awaits deletion as it is, when its material is deleted or expires', async () => {
      for (const how of ['deleted', 'expired']) {
        const keyId = await external()
        const prepared = await prepareImport(house, keyId)
        const expiresAt = Math.floor(house.now / 1000) * 1000 + HOUR
        await importMaterial(house, prepared, expiresAt)
        await house.must('ScheduleKeyDeletion', { KeyId: keyId, PendingWindowInDays: '7' })
        const { DeleteDate } = await metadata(keyId)
        if (how === 'deleted') await house.must('DeleteKeyMaterial', { KeyId: keyId })
        else house.now = expiresAt
        await house.sweep()
        const after = await metadata(keyId)
        assert.deepEqual([after.KeyState, after.DeleteDate], ['PendingDeletion', DeleteDate])
        await house.must('CancelKeyDeletion', { KeyId: keyId })
        assert.equal((await metadata(keyId)).KeyState, 'PendingImport', how)
      }
    })

    it('keeps the ciphertexts of two keys with the same material apart', async () => {
      const material = randomBytes(32)
      const [one, two] = [await external(), await external()]
      for (const keyId of [one, two]) await importMaterial(house, await prepareImport(house, keyId, { material }))
      const first = Buffer.from((await house.must('Encrypt', { KeyId: one, Plaintext: 'x' })).CiphertextBlob, 'base64')
      const second = Buffer.from((await house.must('Encrypt', { KeyId: two, Plaintext: 'x' })).CiphertextBlob, 'base64')
      const crossed = Buffer.concat([second.subarray(0, 36), first.subarray(36)]).toString('base64')
      assert.equal(await house.outcome('Decrypt', { CiphertextBlob: crossed }), 'InvalidParameter')
    })

    it('follows the walk-through of the guide with the real openssl', async () => {
      const keyId = await external()
      const { PublicKey, ImportToken } = await house.must('GetParametersForImport', {
        KeyId: keyId,
        WrappingAlgorithm: 'RSAES_OAEP_SHA_1',
        WrappingKeySpec: 'RSA_2048',
      })
      const file = (name: string) => join(house.data, name)
      const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: house.data, stdio: 'pipe' })
      openssl('rand', '-out', 'KeyMaterial.bin', '32')
      writeFileSync(file('PublicKey_base64.txt'), PublicKey)
      openssl('enc', '-d', '-base64', '-A', '-in', 'PublicKey_base64.txt', '-out', 'PublicKey.bin')
      const wrapping = ['-oaep', '-inkey', 'PublicKey.bin', '-keyform', 'DER', '-pubin']
      openssl('rsautl', '-encrypt', '-in', 'KeyMaterial.bin', ...wrapping, '-out', 'EncryptedKeyMaterial.bin')
      openssl('enc', '-e', '-base64', '-A', '-in', 'EncryptedKeyMaterial.bin', '-out', 'EncryptedKeyMaterial.txt')
      const EncryptedKeyMaterial = readFileSync(file('EncryptedKeyMaterial.txt'), 'utf8')
      await house.must('ImportKeyMaterial', { KeyId: keyId, ImportToken, EncryptedKeyMaterial })
      assert.equal((await metadata(keyId)).KeyState, 'Enabled')
    })

    it('met no failure of its own', () => {
      assert.deepEqual(house.failures, [])
    })
  })
})
