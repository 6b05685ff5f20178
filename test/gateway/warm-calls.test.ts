// A warm call reads nothing but records in memory. None of its steps before the commit is a promise, since each promise costs time.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { locate } from '../../src/api/locate.ts'
import type { AnyOperation } from '../../src/api/operation.ts'
import type { KmsContext } from '../../src/kms/operation.ts'
import { Decrypt } from '../../src/kms/operations/decrypt.ts'
import { Encrypt } from '../../src/kms/operations/encrypt.ts'
import { GenerateDataKey } from '../../src/kms/operations/generate-data-key.ts'
import { GetSecretValue } from '../../src/kms/operations/get-secret-value.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { openTestHouse } from '../house.ts'
import { ramOf } from '../ram/ram.ts'

function atOnce<T>(found: T | Promise<T>, what: string): T {
  assert.ok(!(found instanceof Promise), `${what} is a promise`)
  return found
}

it('a call whose records are in memory creates no promise before its commit', async () => {
  await using house = await openTestHouse(null)
  const ram = ramOf(house)
  await ram.must('CreateUser', { UserName: 'warm' })
  const PolicyDocument = ram.document({ Effect: 'Allow', Action: 'kms:*', Resource: '*' })
  await ram.must('CreatePolicy', { PolicyName: 'all', PolicyDocument })
  await ram.must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'all', UserName: 'warm' })
  const user = await ram.accessKeyOf('warm')

  const { KeyId } = (await house.must('CreateKey')).KeyMetadata
  const { CiphertextBlob } = await house.must('Encrypt', { KeyId, Plaintext: 'x' })
  await house.must('CreateSecret', { SecretName: 'warm', VersionId: 'v1', SecretData: 'x', EncryptionKeyId: KeyId })
  const EncryptionContext = new Map()
  const calls: readonly (readonly [AnyOperation<KmsContext, unknown>, Record<string, string>, object])[] = [
    [Encrypt, { KeyId, Plaintext: 'x' }, { EncryptionContext }],
    [Decrypt, { CiphertextBlob }, { EncryptionContext }],
    [GenerateDataKey, { KeyId }, { EncryptionContext, KeySpec: 'AES_256', NumberOfBytes: null }],
    [GetSecretValue, { SecretName: 'warm' }, { VersionId: null, VersionStage: null, FetchExtendedConfig: false }],
  ]
  const facts = { now: house.now, secureTransport: false, sourceAddress: '127.0.0.1', requestTags: [] }
  const scope = { account: user.accountId, region: 'cn-hangzhou' }
  for (const [operation, sent, others] of calls) {
    const { name, action } = operation
    assert.ok(action !== null)
    assert.equal((await house.call(name, sent, user)).status, 200)

    const ledger = house.open.ledger.view()
    const accessKey = atOnce(house.open.accessKeys.find(user.accessKeyId, ledger), 'the AccessKey')
    assert.ok(accessKey)
    const { caller } = accessKey
    const context = { ...house.open, ...SYSTEM, ledger, caller, scope, now: house.now } as unknown as KmsContext
    const values = { ...sent, ...others } as never
    const resources = atOnce(locate(operation, values, context), `what ${name} locates`)
    const denial = house.open.authorizer.denial({ caller, action, resources, facts, ledger })
    assert.equal(atOnce(denial, `the authorization of ${name}`), null)
    const { reply } = atOnce(operation.decide(values, context), `the decision of ${name}`)
    assert.ok(Object.keys(reply).length > 0)
  }
})
