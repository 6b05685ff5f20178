// Encrypt, GenerateDataKey, Decrypt.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { newCredentials } from '../../src/ram/account.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { eachProtectionLevel } from '../databases.ts'
import type { TestHouse } from '../house.ts'

eachProtectionLevel((open) => {
  describe('encryption', () => {
    let house: TestHouse
    let KeyId: string
    before(async () => {
      house = await open()
      KeyId = (await house.must('CreateKey')).KeyMetadata.KeyId
    })
    after(() => house[Symbol.asyncDispose]())

    const encrypt = (Plaintext: string, rest: Record<string, string> = {}) =>
      house.must('Encrypt', { KeyId, Plaintext, ...rest })
    const decrypting = (CiphertextBlob: string, rest: Record<string, string> = {}) =>
      house.outcome('Decrypt', { CiphertextBlob, ...rest })

    it('gives back any string as it was, Base64 or not', async () => {
      for (const text of ['plaintext', 'SGVsbG8gd29ybGQ=', ' ', '密钥 🔑 + & = %', 'a\u0000b\r\n', '='.repeat(50)]) {
        const { CiphertextBlob, KeyId: id, KeyVersionId } = await encrypt(text)
        const answer = await house.must('Decrypt', { CiphertextBlob })
        assert.deepEqual([answer.Plaintext, answer.KeyId, answer.KeyVersionId], [text, id, KeyVersionId])
        assert.equal(id, KeyId)
      }
    })

    it('lays a ciphertext out as version id, nonce, ciphertext, tag', async () => {
      const { CiphertextBlob, KeyVersionId } = await encrypt('sixteen bytes!!!')
      const bytes = Buffer.from(CiphertextBlob, 'base64')
      assert.equal(bytes.length, 36 + (house.token ? 12 : 24) + 16 + 16)
      assert.equal(bytes.toString('latin1', 0, 36), KeyVersionId)
      assert.match(KeyVersionId, /^[0-9a-f-]{36}$/)
      assert.notEqual((await encrypt('sixteen bytes!!!')).CiphertextBlob, CiphertextBlob)
    })

    it('takes 6144 bytes, counted decoded when it is Base64, and no more', async () => {
      const base64 = Buffer.alloc(6144, 7).toString('base64')
      assert.equal(base64.length, 8192)
      for (const text of [base64, 'é'.repeat(3072), '!'.repeat(6144)])
        assert.equal(
          (await house.must('Decrypt', { CiphertextBlob: (await encrypt(text)).CiphertextBlob })).Plaintext,
          text,
        )
      for (const Plaintext of [Buffer.alloc(6145).toString('base64'), 'é'.repeat(3073), '!'.repeat(6145)])
        assert.equal(await house.outcome('Encrypt', { KeyId, Plaintext }), 'InvalidParameter')
      assert.equal(await house.outcome('Encrypt', { KeyId, Plaintext: '' }), 'MissingParameter')
    })

    it('refuses a ciphertext with any bit flipped', async () => {
      const { CiphertextBlob } = await encrypt('short', { EncryptionContext: '{"a":"b"}' })
      const bytes = Buffer.from(CiphertextBlob, 'base64')
      const context = { EncryptionContext: '{"a":"b"}' }
      assert.equal(await decrypting(CiphertextBlob, context), 'OK')
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const expected = bit < 36 * 8 ? ['InvalidParameter', 'Forbidden.KeyNotFound'] : ['InvalidParameter']
        const outcome = await decrypting(changed.toString('base64'), context)
        assert.ok(expected.includes(outcome), `bit ${bit}: ${outcome}`)
      }
    })

    it('refuses every bad ciphertext with the same words', async () => {
      const { CiphertextBlob } = await encrypt('short')
      const cut = Buffer.from(CiphertextBlob, 'base64')
      const messages = new Set<string>()
      for (const blob of [
        '%%%',
        'AAAA',
        cut.subarray(0, 48).toString('base64'),
        cut.subarray(0, cut.length - 1).toString('base64'),
        `${CiphertextBlob}AAAA`,
        CiphertextBlob.slice(1),
        `${CiphertextBlob}\n`,
      ]) {
        const { status, body } = await house.call('Decrypt', { CiphertextBlob: blob })
        messages.add(`${status} ${body.Code} ${body.Message}`)
      }
      const wrongContext = await house.call('Decrypt', { CiphertextBlob, EncryptionContext: '{"a":"b"}' })
      messages.add(`${wrongContext.status} ${wrongContext.body.Code} ${wrongContext.body.Message}`)
      assert.equal(messages.size, 1, [...messages].join('\n'))
      assert.match(
        [...messages][0] ?? '',
        /^400 InvalidParameter The specified parameter "CiphertextBlob" is not valid\./,
      )
    })

    it("does not open another account's, region's or unknown ciphertext", async () => {
      const { CiphertextBlob } = await encrypt('mine')
      assert.equal(await decrypting(CiphertextBlob, { RegionId: 'cn-beijing' }), 'Forbidden.KeyNotFound')
      const other = newCredentials(SYSTEM)
      await house.open.accounts.provide(other, 'other', house.now)
      const answer = await house.call('Decrypt', { CiphertextBlob }, other)
      assert.deepEqual([answer.status, answer.body.Code], [404, 'Forbidden.KeyNotFound'])
    })

    it('compares contexts as maps, and tells alike-looking ones apart', async () => {
      const same = [
        ['{"a":"1","b":"2"}', '{ "b":"2", "a":"1" }'],
        ['{}', ''],
        ['null', '{}'],
        ['{"é":"ü"}', '{"\\u00e9":"\\u00fc"}'],
      ]
      for (const [given, later = ''] of same) {
        const { CiphertextBlob } = await encrypt('x', { EncryptionContext: given ?? '' })
        assert.equal(await decrypting(CiphertextBlob, { EncryptionContext: later }), 'OK', `${given} ${later}`)
      }
      const different = [
        ['{"ab":"c"}', '{"a":"bc"}'],
        ['{"a":"1&b=2"}', '{"a":"1","b":"2"}'],
        ['{"a":"b"}', '{"A":"b"}'],
        ['{"a":""}', '{}'],
        ['{"a":"b","c":"d"}', '{"a":"b"}'],
        ['{"__proto__":"x"}', '{}'],
      ]
      for (const [given = '', later = ''] of different)
        for (const [one, two] of [
          [given, later],
          [later, given],
        ] as const) {
          const { CiphertextBlob } = await encrypt('x', { EncryptionContext: one })
          assert.equal(
            await decrypting(CiphertextBlob, { EncryptionContext: two }),
            'InvalidParameter',
            `${one} ${two}`,
          )
        }
    })

    it('refuses a context that is not a map of strings', async () => {
      for (const EncryptionContext of [
        '[{"Key":"Value"}]',
        '{"Key":12345}',
        '{"Key":["a","b"]}',
        '"x"',
        '{',
        '7',
        '{"a":null}',
        '{"a":"\\ud800"}',
        `{"a":"${'x'.repeat(8185)}"}`,
      ])
        assert.equal(
          await house.outcome('Encrypt', { KeyId, Plaintext: 'x', EncryptionContext }),
          'InvalidParameter',
          EncryptionContext.slice(0, 40),
        )
      assert.equal(
        await house.outcome('Encrypt', { KeyId, Plaintext: 'x', EncryptionContext: `{"a":"${'x'.repeat(8184)}"}` }),
        'OK',
      )
    })

    it('makes data keys of the size asked for', async () => {
      const sizes: [Record<string, string>, number][] = [
        [{}, 32],
        [{ KeySpec: 'AES_256' }, 32],
        [{ KeySpec: 'AES_128' }, 16],
        [{ NumberOfBytes: '1' }, 1],
        [{ NumberOfBytes: '1024' }, 1024],
        [{ KeySpec: 'AES_256', NumberOfBytes: '48' }, 48],
        [{ KeySpec: 'whatever', NumberOfBytes: '48' }, 48],
      ]
      for (const [parameters, bytes] of sizes) {
        const answer = await house.must('GenerateDataKey', { KeyId, ...parameters })
        assert.equal(Buffer.from(answer.Plaintext, 'base64').length, bytes)
        assert.equal(
          (await house.must('Decrypt', { CiphertextBlob: answer.CiphertextBlob })).Plaintext,
          answer.Plaintext,
        )
      }
      for (const bad of [
        { NumberOfBytes: '0' },
        { NumberOfBytes: '-1' },
        { NumberOfBytes: '1025' },
        { NumberOfBytes: 'ten' },
        { NumberOfBytes: '1.5' },
        { KeySpec: 'AES_512' },
      ] as Record<string, string>[])
        assert.equal(await house.outcome('GenerateDataKey', { KeyId, ...bad }), 'InvalidParameter')
    })

    it('is named by id, alias, and the ARN of either, and answers with the id', async () => {
      await house.must('CreateAlias', { AliasName: 'alias/crypto', KeyId })
      const arn = `acs:kms:cn-hangzhou:${house.credentials.accountId}:`
      for (const name of [KeyId, 'alias/crypto', `${arn}key/${KeyId}`, `${arn}alias/crypto`])
        for (const operation of ['Encrypt', 'GenerateDataKey'])
          assert.equal((await house.must(operation, { KeyId: name, Plaintext: 'x' })).KeyId, KeyId)
      for (const [name, code] of [
        ['alias/none', 'Forbidden.AliasNotFound'],
        ['00000000-0000-0000-0000-000000000000', 'Forbidden.KeyNotFound'],
        ['not a key\u0000', 'Forbidden.KeyNotFound'],
        [`acs:kms:cn-beijing:${house.credentials.accountId}:key/${KeyId}`, 'Forbidden.KeyNotFound'],
        [`acs:kms:cn-hangzhou:1234567890123456:key/${KeyId}`, 'Forbidden.KeyNotFound'],
        [`${arn}secret/${KeyId}`, 'Forbidden.KeyNotFound'],
      ] as const)
        assert.equal(await house.outcome('Encrypt', { KeyId: name, Plaintext: 'x' }), code, name)
    })

    it('leaves events that name the key and hold no plaintext', async () => {
      const { CiphertextBlob } = await encrypt('canary-plaintext', { EncryptionContext: '{"order":"42"}' })
      const generated = await house.must('GenerateDataKey', { KeyId })
      await house.must('Decrypt', { CiphertextBlob, EncryptionContext: '{"order":"42"}' })
      const events = (await house.events()).slice(-3)
      const text = JSON.stringify(events)
      for (const hidden of ['canary-plaintext', CiphertextBlob, generated.Plaintext, generated.CiphertextBlob])
        assert.equal(text.includes(hidden), false)
      assert.deepEqual(
        events.map(({ eventName }) => eventName),
        ['Encrypt', 'GenerateDataKey', 'Decrypt'],
      )
      for (const event of events) assert.deepEqual(event['referencedResources'], { 'ACS::KMS::Key': [KeyId] })
      assert.deepEqual(events[0]?.['requestParameters'], { KeyId, EncryptionContext: '{"order":"42"}' })
    })

    it('met no failure of its own', () => {
      assert.deepEqual(house.failures, [])
    })
  })
})
