// InspectHsm: which tokens serve, what they are and can do, and who learns it.
import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Credentials } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { changePin, makeToken, PIN, TOKEN_KINDS, twoTokens } from '../keystore/pkcs11/tokens.ts'
import { ramOf } from '../ram/ram.ts'
import { until } from '../until.ts'

interface Shown {
  readonly Name: string
  readonly State: string
  readonly Reason: string
  readonly Manufacturer: string
  readonly SerialNumber: string
  readonly Abilities: {
    readonly Ability: readonly { readonly Name: string; readonly Supported: boolean; readonly Reason?: string }[]
  }
}

async function tokensOf(house: TestHouse, credentials?: Credentials): Promise<readonly Shown[]> {
  const { status, body } = await house.call('InspectHsm', {}, credentials)
  assert.equal(status, 200, JSON.stringify(body))
  return body.Tokens.Token as Shown[]
}

describe('InspectHsm', () => {
  for (const kind of TOKEN_KINDS)
    it(`tells what a token is and can do, and nothing secret (${kind})`, async () => {
      const token = makeToken(kind)
      await using house = await openTestHouse(null, [], { token })
      const { status, body } = await house.call('InspectHsm')
      assert.equal(status, 200)
      assert.ok(body.Regions.Region.includes('cn-hongkong'))
      const [shown, ...others] = body.Tokens.Token as Shown[]
      assert.deepEqual([shown?.Name, shown?.State, shown?.Reason, others], [token.label, 'Serving', '', []])
      assert.ok(shown?.SerialNumber && shown.Manufacturer, JSON.stringify(shown))
      const can = new Map(shown.Abilities.Ability.map((one) => [one.Name, one]))
      assert.deepEqual([...can.keys()].toSorted(), [
        'AES-256-GCM',
        'AsymmetricDecrypt RSAES_OAEP_SHA_1',
        'AsymmetricDecrypt RSAES_OAEP_SHA_256',
        'AsymmetricSign RSA_PKCS1_SHA_256',
        'AsymmetricSign RSA_PSS_SHA_256',
        'EC_P256',
        'EC_P256K',
        'RSAES_OAEP_SHA_1',
        'RSAES_OAEP_SHA_256',
        'RSAES_PKCS1_V1_5',
        'RSA_2048',
        'RSA_3072',
      ])
      const lacks = (ability: string) => can.get(ability)?.Reason ?? null
      for (const ability of ['EC_P256', 'RSA_2048', 'RSA_3072', 'AsymmetricSign RSA_PSS_SHA_256'])
        assert.equal(lacks(ability), null, ability)
      assert.equal(lacks('EC_P256K'), kind === 'NSS' ? 'lacks CKM_EC_KEY_PAIR_GEN with secp256k1' : null)
      assert.equal(can.get('AES-256-GCM')?.Supported, true)
      const sha256 = can.get('RSAES_OAEP_SHA_256')
      if (kind === 'NSS') assert.equal(sha256?.Supported, true)
      else assert.deepEqual([sha256?.Supported, sha256?.Reason], [false, 'lacks CKM_RSA_PKCS_OAEP with SHA-256'])
      const said = JSON.stringify([body, await house.events()])
      assert.ok(!said.includes(PIN) && !said.includes(token.pinFile))
    })

  it('tells of a token that went away, and that it is back', async () => {
    const token = twoTokens()
    await using house = await openTestHouse(null, [], { token })
    const states = async () => (await tokensOf(house)).map(({ Name, State }) => [Name, State])
    const [first, second] = ['strongroom', 'strongroom-2']
    assert.deepEqual(await states(), [
      [first, 'Serving'],
      [second, 'Serving'],
    ])
    renameSync(token.first, `${token.folder}/unplugged`)
    await until(async () => (await states())[0]?.[1] === 'Away')
    const [away, there] = await tokensOf(house)
    assert.match(away?.Reason ?? '', /there is no token `strongroom`|the token/)
    assert.deepEqual([away?.SerialNumber, away?.Abilities.Ability], ['', []])
    assert.deepEqual([there?.State, there?.Reason], ['Serving', ''])
    renameSync(`${token.folder}/unplugged`, token.first)
    await until(async () => (await states())[0]?.[1] === 'Serving')
  })

  it('tells that a token refuses the PIN, also where no other serves', async () => {
    const token = makeToken('SoftHSM2')
    changePin(token, 'strongroom', PIN, 'another-pin-5523')
    await using house = await openTestHouse(null, [], { token })
    await until(async () => (await tokensOf(house))[0]?.State === 'PinRefused')
    const [shown] = await tokensOf(house)
    assert.match(shown?.Reason ?? '', /refuses the PIN/)
    assert.ok(!JSON.stringify(shown).includes(PIN))
  })

  it('tells of no token where no HSM is configured', async () => {
    await using house = await openTestHouse(null)
    assert.deepEqual(await tokensOf(house), [])
  })

  it('needs a right that no policy for reading gives', async () => {
    await using house = await openTestHouse(null)
    const ram = ramOf(house)
    await ram.must('CreateUser', { UserName: 'reader' })
    const attach = (PolicyName: string) =>
      ram.must('AttachPolicyToUser', { PolicyType: 'System', PolicyName, UserName: 'reader' })
    await attach('AliyunKMSReadOnlyAccess')
    const reader = await ram.accessKeyOf('reader')
    const { body } = await house.call('InspectHsm', {}, reader)
    assert.equal(body.Code, 'Forbidden.NoPermission')
    await attach('AliyunKMSFullAccess')
    assert.deepEqual(await tokensOf(house, reader), [])
  })
})
