// Import with RSAES_PKCS1_V1_5 into a device: offered only where the device refuses wrongly padded texts explicitly.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { runProgram } from '../../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../../house.ts'
import { importMaterial, importParameters, prepareImport, wrap } from '../../kms/byok.ts'
import { assertNoneEnded, harmed, newKey } from './harmed.ts'
import { makeToken, TOKEN_KINDS } from './tokens.ts'

const algorithm = 'RSAES_PKCS1_V1_5'
const asked = { WrappingAlgorithm: algorithm, WrappingKeySpec: 'RSA_2048' }

async function abilityOf(house: TestHouse): Promise<string> {
  const flags = ['hsm', 'check', '--data', house.data, ...(house.token?.flags ?? [])]
  const { out } = await runProgram(flags, house.token?.env)
  return out.split('\n').find((line) => line.includes(algorithm)) ?? ''
}

describe('a device that takes wrongly padded texts for keys', () => {
  for (const kind of TOKEN_KINDS)
    it(`is never asked to unwrap such a text (${kind})`, async () => {
      await using house = await openTestHouse(null, [], { token: makeToken(kind) })
      const KeyId = await newKey(house, { Origin: 'EXTERNAL' })
      const { status, body } = await house.call('GetParametersForImport', { KeyId, ...asked })
      assert.deepEqual([status, body.Code], [400, 'InvalidParameter'])
      assert.match(body.Message, /"WrappingAlgorithm" .* takes wrongly padded texts for material with CKM_RSA_PKCS/)
      assert.match(
        await abilityOf(house),
        /can't do RSAES_PKCS1_V1_5, because it takes wrongly padded texts for material/,
      )
      await importMaterial(house, await prepareImport(house, KeyId))
    })

  it('is not asked to unwrap with tokens of the time when it, or another one, refused them', async () => {
    await using place = await harmed()
    const { house, token } = place
    token.refuseWrongPadding(true)
    await house.restart()
    const KeyId = await newKey(house, { Origin: 'EXTERNAL' })
    const [earlier, other] = [await prepareImport(house, KeyId, { algorithm }), await prepareImport(house, KeyId)]
    token.refuseWrongPadding(false)
    await house.restart()
    const { status, body } = await house.call('ImportKeyMaterial', importParameters(earlier))
    assert.deepEqual([status, body.Code], [400, 'InvalidParameter'])
    assert.match(
      body.Message,
      /"ImportToken" .*It is for RSAES_PKCS1_V1_5, and the managed HSM here takes wrongly padded .* another WrappingAlgorithm/,
    )
    assert.equal((await house.must('DescribeKey', { KeyId })).KeyMetadata.KeyState, 'PendingImport')
    await importMaterial(house, other)
  })

  it('is found out also while it fails now and then', async () => {
    await using place = await harmed()
    const { house, token } = place
    const KeyId = await newKey(house, { Origin: 'EXTERNAL' })
    for (const every of [2, 3, 5]) {
      token.harm(`C_UnwrapKey 0x5 ${every}`)
      await house.restart()
      for (let i = 0; i < 3; i++)
        assert.notEqual(await house.outcome('GetParametersForImport', { KeyId, ...asked }), 'OK')
    }
  })
})

describe('a device that refuses wrongly padded texts', () => {
  it('imports with RSAES_PKCS1_V1_5, and nothing but well-padded 256 bits', async () => {
    await using place = await harmed()
    const { house, token } = place
    token.refuseWrongPadding(true)
    await house.restart()
    assert.match(await abilityOf(house), /can do RSAES_PKCS1_V1_5/)
    const KeyId = await newKey(house, { Origin: 'EXTERNAL' })
    const prepared = await prepareImport(house, KeyId, { algorithm })
    const texts = [
      ...[16, 24, 31, 33, 64].map((length) => wrap(prepared.publicKey, algorithm, randomBytes(length))),
      ...Array.from({ length: 50 }, () => Buffer.concat([Buffer.of(0), randomBytes(255)]).toString('base64')),
    ]
    for (const wrapped of texts)
      assert.equal(
        await house.outcome('ImportKeyMaterial', importParameters({ ...prepared, wrapped })),
        'InvalidKeyMaterial',
      )
    await importMaterial(house, prepared)
    const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'mine' })
    assert.equal((await house.must('Decrypt', { CiphertextBlob })).Plaintext, 'mine')
    assertNoneEnded(house)
  })

  it('is not taken for one that does not while it is away', async () => {
    await using place = await harmed()
    const { house, token } = place
    token.refuseWrongPadding(true)
    await house.restart()
    const KeyId = await newKey(house, { Origin: 'EXTERNAL' })
    for (const value of ['0x30', '0x5']) {
      token.harm(`C_UnwrapKey ${value} 1`)
      assert.equal((await house.call('GetParametersForImport', { KeyId, ...asked })).status, 503)
    }
    token.harm()
    await importMaterial(house, await prepareImport(house, KeyId, { algorithm }))
  })
})
