// Every cell of the table key state × operation, through the wire.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eachProtectionLevel } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import { importMaterial, type Prepared, prepareImport } from './byok.ts'
import { exportTo, rsaPair } from './export.ts'

const STATES = ['Enabled', 'Disabled', 'PendingDeletion', 'PendingImport'] as const
type State = (typeof STATES)[number]

const [OK, RD, RP, RI, SM, RU, UO, UR, FO] = [
  'OK',
  'Rejected.Disabled',
  'Rejected.PendingDeletion',
  'Rejected.PendingImport',
  'Rejected.StateModifiedFailed',
  'Rejected.UnsupportedOperation',
  'UnsupportedOperation',
  'Unsupported.Origin',
  'Forbidden.Opened',
]

/** The outcome in each state, in the order of STATES. */
const TABLE: Readonly<Record<string, readonly [string, string, string, string]>> = {
  CreateKey: [OK, OK, OK, OK],
  ListKeys: [OK, OK, OK, OK],
  ListAliases: [OK, OK, OK, OK],
  DescribeRegions: [OK, OK, OK, OK],
  DescribeKey: [OK, OK, OK, OK],
  EnableKey: [OK, OK, SM, SM],
  DisableKey: [OK, OK, SM, SM],
  ScheduleKeyDeletion: [OK, OK, SM, OK],
  CancelKeyDeletion: [SM, SM, OK, SM],
  Encrypt: [OK, RD, RP, RI],
  Decrypt: [OK, RD, RP, RI],
  GenerateDataKey: [OK, RD, RP, RI],
  CreateAlias: [OK, OK, SM, OK],
  DeleteAlias: [OK, OK, OK, OK],
  UpdateAlias: [OK, OK, RP, OK],
  ListAliasesByKeyId: [OK, OK, OK, OK],
  TagResource: [OK, OK, RP, OK],
  UntagResource: [OK, OK, RP, OK],
  ListResourceTags: [OK, OK, OK, OK],
  GetParametersForImport: [OK, OK, OK, OK],
  ImportKeyMaterial: [OK, OK, SM, OK],
  DeleteKeyMaterial: [OK, OK, OK, OK],
  GenerateDataKeyWithoutPlaintext: [OK, RD, RP, RI],
  GenerateAndExportDataKey: [OK, RD, RP, RI],
  ExportDataKey: [OK, RD, RP, RI],
  'ReEncrypt from': [OK, RD, RP, RI],
  'ReEncrypt to': [OK, RD, RP, RI],
  UpdateKeyDescription: [OK, OK, RP, OK],
  SetDeletionProtection: [OK, OK, RP, OK],
  TagResources: [OK, OK, RP, OK],
  UntagResources: [OK, OK, RP, OK],
  ListTagResources: [OK, OK, OK, OK],
  DescribeKeyVersion: [OK, OK, OK, OK],
  ListKeyVersions: [OK, OK, OK, OK],
  // The kind of the key counts before its state, and external keys have one version for life.
  CreateKeyVersion: [RU, RU, RU, RU],
  UpdateRotationPolicy: [RU, RU, RU, RU],
  // Asymmetric keys have a table of their own.
  AsymmetricSign: [RU, RU, RU, RU],
  AsymmetricVerify: [RU, RU, RU, RU],
  AsymmetricEncrypt: [RU, RU, RU, RU],
  AsymmetricDecrypt: [RU, RU, RU, RU],
  GetPublicKey: [RU, RU, RU, RU],
  OpenKmsService: [FO, FO, FO, FO],
  DescribeAccountKmsStatus: [OK, OK, OK, OK],
  DescribeService: [OK, OK, OK, OK],
  DescribeAccountQuotas: [OK, OK, OK, OK],
  GetRandomPassword: [OK, OK, OK, OK],
  InspectHsm: [OK, OK, OK, OK],
  ListDueKeys: [OK, OK, OK, OK],
  CreateSecret: [OK, RD, RP, RI],
  GetSecretValue: [OK, RD, RP, RI],
  PutSecretValue: [OK, RD, RP, RI],
  // The secret is Generic.
  RotateSecret: [RU, RU, RU, RU],
  UpdateSecretRotationPolicy: [RU, RU, RU, RU],
  // Only values need the key.
  ListSecrets: [OK, OK, OK, OK],
  DescribeSecret: [OK, OK, OK, OK],
  UpdateSecret: [OK, OK, OK, OK],
  UpdateSecretVersionStage: [OK, OK, OK, OK],
  ListSecretVersionIds: [OK, OK, OK, OK],
  DeleteSecret: [OK, OK, OK, OK],
  RestoreSecret: [OK, OK, OK, OK],
}

/** Of every key of origin Aliyun_KMS. */
const LIFE_CYCLE: Readonly<Record<string, readonly [string, string, string]>> = {
  EnableKey: [OK, OK, SM],
  DisableKey: [OK, OK, SM],
  ScheduleKeyDeletion: [OK, OK, SM],
  CancelKeyDeletion: [SM, SM, OK],
}

/** The operations that keys of external material can't show: on a key of origin Aliyun_KMS, which is never PendingImport. */
const NORMAL_KEYS: Readonly<Record<string, readonly [string, string, string]>> = {
  ...LIFE_CYCLE,
  UpdateRotationPolicy: [OK, RD, RP],
  CreateKeyVersion: [RU, RU, RU],
}

/** Of asymmetric keys: a pair of RSA that encrypts, and a pair on a curve that signs. */
const ASYMMETRIC_KEYS: Readonly<Record<string, readonly [string, string, string]>> = {
  ...LIFE_CYCLE,
  AsymmetricSign: [OK, RD, RP],
  AsymmetricVerify: [OK, RD, RP],
  AsymmetricEncrypt: [OK, RD, RP],
  AsymmetricDecrypt: [OK, RD, RP],
  GetPublicKey: [OK, RD, RP],
  'ReEncrypt from': [OK, RD, RP],
  UpdateRotationPolicy: [RU, RU, RU],
  Encrypt: [UO, UO, UO],
  GenerateDataKey: [UO, UO, UO],
  GenerateDataKeyWithoutPlaintext: [UO, UO, UO],
  GenerateAndExportDataKey: [UO, UO, UO],
  GetParametersForImport: [UR, UR, UR],
  DeleteKeyMaterial: [UR, UR, UR],
  DescribeKeyVersion: [OK, OK, OK],
  ListKeyVersions: [OK, OK, OK],
  TagResource: [OK, OK, RP],
  UpdateKeyDescription: [OK, OK, RP],
  CreateAlias: [OK, OK, SM],
  CreateKeyVersion: [OK, RD, RP],
}

/** The state of the key after the operation succeeded; where nothing is said it stays. */
const AFTERWARDS: Readonly<Record<string, Partial<Record<State, State>>>> = {
  EnableKey: { Disabled: 'Enabled' },
  DisableKey: { Enabled: 'Disabled' },
  ScheduleKeyDeletion: { Enabled: 'PendingDeletion', Disabled: 'PendingDeletion', PendingImport: 'PendingDeletion' },
  CancelKeyDeletion: { PendingDeletion: 'Enabled' },
  ImportKeyMaterial: { PendingImport: 'Enabled' },
  DeleteKeyMaterial: { Enabled: 'PendingImport', Disabled: 'PendingImport' },
}

function stateAfter(operation: string, outcome: string | undefined, state: State): State {
  return outcome === OK ? (AFTERWARDS[operation]?.[state] ?? state) : state
}

/** The operations after which a key is not what it was. */
const CHANGING = new Set([...Object.keys(AFTERWARDS), 'SetDeletionProtection'])

/** An external key that has been used, brought into a state: the one kind that can be in all four. */
interface Subject {
  readonly keyId: string
  readonly alias: string
  readonly blob: string
  /** A secret whose values the key encrypts. */
  readonly secret: string
  readonly prepared: Prepared | null
}

/** A row of the table may tell by a word after the name which part a key plays. */
function nameOf(row: string): string {
  return row.split(' ')[0] ?? ''
}

let counter = 0
const DIGEST = Buffer.alloc(32).toString('base64')
const { publicKey } = rsaPair()

async function keyIn(state: State, house: TestHouse): Promise<Subject> {
  const { KeyMetadata } = await house.must('CreateKey', { Origin: 'EXTERNAL' })
  const keyId: string = KeyMetadata.KeyId
  const prepared = await prepareImport(house, keyId)
  await importMaterial(house, prepared)
  const alias = `alias/cell-${++counter}`
  await house.must('CreateAlias', { KeyId: keyId, AliasName: alias })
  const { CiphertextBlob: blob } = await house.must('GenerateDataKey', { KeyId: keyId })
  const secret = `secret-${counter}`
  const first = { SecretName: secret, VersionId: 'v1', SecretData: 'x', EncryptionKeyId: keyId }
  await house.must('CreateSecret', first)
  await bringInto(state, keyId, house)
  return { keyId, alias, blob, secret, prepared }
}

async function bringInto(state: State, keyId: string, house: TestHouse): Promise<void> {
  if (state === 'Disabled') await house.must('DisableKey', { KeyId: keyId })
  if (state === 'PendingDeletion') await house.must('ScheduleKeyDeletion', { KeyId: keyId, PendingWindowInDays: '7' })
  if (state === 'PendingImport') await house.must('DeleteKeyMaterial', { KeyId: keyId })
  assert.equal(await stateOf(keyId, house), state)
}

/** Brings the key back into this state, without deletion protection, whatever an operation did to it. */
async function bringBack(state: State, { keyId: KeyId, prepared }: Subject, house: TestHouse): Promise<void> {
  await house.call('SetDeletionProtection', { KeyId, EnableDeletionProtection: 'false' })
  await house.call('CancelKeyDeletion', { KeyId })
  if (prepared) await importMaterial(house, prepared)
  await house.must('EnableKey', { KeyId })
  await bringInto(state, KeyId, house)
}

async function stateOf(keyId: string, house: TestHouse): Promise<string> {
  return (await house.must('DescribeKey', { KeyId: keyId })).KeyMetadata.KeyState
}

async function parametersOf(operation: string, subject: Subject, house: TestHouse): Promise<Record<string, string>> {
  const { keyId, alias, blob, secret: SecretName, prepared } = subject
  const KeyId = keyId
  const resources = { RegionId: 'cn-hangzhou', ResourceType: 'key', 'ResourceId.1': keyId }
  switch (operation) {
    case 'CreateKey':
    case 'ListKeys':
    case 'ListAliases':
    case 'ListSecrets':
    case 'DescribeRegions':
    case 'OpenKmsService':
    case 'DescribeAccountKmsStatus':
    case 'DescribeService':
    case 'DescribeAccountQuotas':
    case 'GetRandomPassword':
    case 'InspectHsm':
    case 'ListDueKeys':
      return {}
    case 'ScheduleKeyDeletion':
      return { KeyId, PendingWindowInDays: '7' }
    case 'Encrypt':
      return { KeyId, Plaintext: 'text' }
    case 'Decrypt':
      return { CiphertextBlob: blob }
    case 'CreateAlias':
      return { KeyId, AliasName: `alias/new-${++counter}` }
    case 'UpdateAlias': {
      const other = await house.must('CreateKey')
      const AliasName = `alias/moving-${++counter}`
      await house.must('CreateAlias', { KeyId: other.KeyMetadata.KeyId, AliasName })
      return { KeyId, AliasName }
    }
    case 'DeleteAlias':
      return { AliasName: alias }
    case 'TagResource':
      return { KeyId, Tags: '[{"TagKey":"a","TagValue":"b"}]' }
    case 'UntagResource':
      return { KeyId, TagKeys: '["a"]' }
    case 'GetParametersForImport':
      return { KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_1', WrappingKeySpec: 'RSA_2048' }
    case 'AsymmetricSign':
      return { KeyId, KeyVersionId: 'v', Algorithm: 'ECDSA_SHA_256', Digest: DIGEST }
    case 'AsymmetricVerify':
      return { KeyId, KeyVersionId: 'v', Algorithm: 'ECDSA_SHA_256', Digest: DIGEST, Value: 'AAAA' }
    case 'AsymmetricEncrypt':
      return { KeyId, KeyVersionId: 'v', Algorithm: 'SM2PKE', Plaintext: 'AAAA' }
    case 'AsymmetricDecrypt':
      return { KeyId, KeyVersionId: 'v', Algorithm: 'SM2PKE', CiphertextBlob: 'AAAA' }
    case 'GetPublicKey':
      return { KeyId, KeyVersionId: 'v' }
    case 'ReEncrypt from': {
      const { KeyMetadata } = await house.must('CreateKey')
      return { CiphertextBlob: blob, DestinationKeyId: KeyMetadata.KeyId }
    }
    case 'ReEncrypt to': {
      const { KeyMetadata } = await house.must('CreateKey')
      const { CiphertextBlob } = await house.must('Encrypt', { KeyId: KeyMetadata.KeyId, Plaintext: 'x' })
      return { CiphertextBlob, DestinationKeyId: keyId }
    }
    case 'ExportDataKey':
      return { CiphertextBlob: blob, ...exportTo(publicKey) }
    case 'GenerateAndExportDataKey':
      return { KeyId, ...exportTo(publicKey) }
    case 'UpdateKeyDescription':
      return { KeyId, Description: 'another' }
    case 'SetDeletionProtection':
      return { KeyId, EnableDeletionProtection: 'true' }
    case 'TagResources':
      return { ...resources, 'Tag.1.Key': 'a', 'Tag.1.Value': 'b' }
    case 'UntagResources':
      return { ...resources, 'TagKey.1': 'a' }
    case 'ListTagResources':
      return resources
    case 'DescribeKeyVersion':
      return {
        KeyId,
        KeyVersionId: (await house.must('ListKeyVersions', { KeyId })).KeyVersions.KeyVersion[0].KeyVersionId,
      }
    case 'UpdateRotationPolicy':
      return { KeyId, EnableAutomaticRotation: 'true', RotationInterval: '7d' }
    case 'CreateSecret':
      return { SecretName: `new-${++counter}`, VersionId: 'v1', SecretData: 'x', EncryptionKeyId: keyId }
    case 'RotateSecret':
      return { SecretName, VersionId: 'v2' }
    case 'UpdateSecretRotationPolicy':
      return { SecretName, EnableAutomaticRotation: 'false' }
    case 'PutSecretValue':
      return { SecretName, VersionId: `v-${++counter}`, SecretData: 'y' }
    case 'UpdateSecret':
      return { SecretName, Description: 'another' }
    case 'UpdateSecretVersionStage':
      return { SecretName, VersionStage: 'blue', MoveToVersion: 'v1' }
    case 'DeleteSecret': {
      await house.must('CreateSecret', { SecretName: `gone-${++counter}`, VersionId: 'v1', SecretData: 'x' })
      return { SecretName: `gone-${counter}` }
    }
    case 'RestoreSecret':
      await house.must('DeleteSecret', { SecretName })
      return { SecretName }
    case 'GetSecretValue':
    case 'DescribeSecret':
    case 'ListSecretVersionIds':
      return { SecretName }
    case 'ImportKeyMaterial':
      return { KeyId, ImportToken: prepared?.token ?? '', EncryptedKeyMaterial: prepared?.wrapped ?? '' }
    default:
      return { KeyId }
  }
}

eachProtectionLevel((open) => {
  describe('key state × operation', () => {
    let house: TestHouse
    before(async () => {
      house = await open()
    })
    after(() => house[Symbol.asyncDispose]())

    // A wrapping key takes long to make: all operations share one key per state, and a key that an operation has changed is brought back into
    // its state.
    const shared = new Map<State, Subject>()
    /** Nobody gets a key that an operation left in an unknown state. */
    const taken = async (state: State) => {
      const subject = shared.get(state) ?? (await keyIn(state, house))
      shared.delete(state)
      return subject
    }
    const givenBack = async (state: State, subject: Subject, operation: string) => {
      if (CHANGING.has(operation)) await bringBack(state, subject, house)
      shared.set(state, subject)
    }

    for (const [operation, outcomes] of Object.entries(TABLE))
      for (const [i, state] of STATES.entries())
        it(`${operation} in ${state}: ${outcomes[i]}`, async () => {
          const subject = await taken(state)
          const parameters = await parametersOf(operation, subject, house)
          assert.equal(await house.outcome(nameOf(operation), parameters), outcomes[i])
          assert.equal(await stateOf(subject.keyId, house), stateAfter(operation, outcomes[i], state))
          await givenBack(state, subject, operation)
        })

    it('covers every operation of the service', async () => {
      const { kmsOperations } = await import('../../src/kms/operations.ts')
      assert.deepEqual(
        [...new Set(Object.keys(TABLE).map(nameOf))].sort(),
        kmsOperations.map(({ name }) => name).sort(),
      )
    })

    for (const [operation, outcomes] of Object.entries(NORMAL_KEYS))
      for (const [i, state] of STATES.slice(0, 3).entries())
        it(`${operation} on a key of origin Aliyun_KMS in ${state}: ${outcomes[i]}`, async () => {
          const keyId: string = (await house.must('CreateKey')).KeyMetadata.KeyId
          await bringInto(state, keyId, house)
          const parameters = await parametersOf(
            operation,
            { keyId, alias: '', blob: '', secret: '', prepared: null },
            house,
          )
          assert.equal(await house.outcome(operation, parameters), outcomes[i])
          assert.equal(await stateOf(keyId, house), stateAfter(operation, outcomes[i], state))
        })

    for (const [i, state] of STATES.slice(0, 3).entries())
      it(`on asymmetric keys in ${state}`, async () => {
        const made = async (KeySpec: string) => {
          const { KeyId } = (await house.must('CreateKey', { ProtectionLevel: 'SOFTWARE', KeySpec })).KeyMetadata
          return {
            KeyId,
            KeyVersionId: (await house.must('ListKeyVersions', { KeyId })).KeyVersions.KeyVersion[0].KeyVersionId,
          }
        }
        const [signer, encrypter] = [await made('EC_P256'), await made('EC_SM2')]
        const [sign, encrypt] = [
          { ...signer, Algorithm: 'ECDSA_SHA_256' },
          { ...encrypter, Algorithm: 'SM2PKE' },
        ]
        const { Value } = await house.must('AsymmetricSign', { ...sign, Digest: DIGEST })
        const { CiphertextBlob } = await house.must('AsymmetricEncrypt', { ...encrypt, Plaintext: 'AAAA' })
        const source = {
          CiphertextBlob,
          SourceKeyId: encrypter.KeyId,
          SourceKeyVersionId: encrypter.KeyVersionId,
          SourceEncryptionAlgorithm: 'SM2PKE',
        }
        const given: Record<string, Record<string, string>> = {
          AsymmetricSign: { ...sign, Digest: DIGEST },
          AsymmetricVerify: { ...sign, Digest: DIGEST, Value },
          AsymmetricEncrypt: { ...encrypt, Plaintext: 'AAAA' },
          AsymmetricDecrypt: { ...encrypt, CiphertextBlob },
          GetPublicKey: signer,
          'ReEncrypt from': { ...source, DestinationKeyId: (await house.must('CreateKey')).KeyMetadata.KeyId },
        }
        house.now += 7 * 86_400_000
        for (const { KeyId } of [signer, encrypter]) await bringInto(state, KeyId, house)
        const subject = { keyId: signer.KeyId, alias: '', blob: '', prepared: null, secret: '' }
        for (const [operation, outcomes] of Object.entries(ASYMMETRIC_KEYS)) {
          const parameters = given[operation] ?? (await parametersOf(operation, subject, house))
          assert.equal(await house.outcome(nameOf(operation), parameters), outcomes[i], operation)
          assert.equal(await stateOf(signer.KeyId, house), stateAfter(operation, outcomes[i], state), operation)
          if (CHANGING.has(operation)) await bringBack(state, subject, house)
        }
      })

    it('ScheduleKeyDeletion of a protected key is refused in every state that a protected key can be in', async () => {
      for (const state of ['Enabled', 'Disabled', 'PendingImport'] as const) {
        const { keyId: KeyId } = await keyIn(state, house)
        await house.must('SetDeletionProtection', { KeyId, EnableDeletionProtection: 'true' })
        const { body } = await house.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' })
        assert.deepEqual([body.Code, body.Message], [SM, 'Keystate modified failed. Deletion protection is enabled.'])
        await house.must('SetDeletionProtection', { KeyId, EnableDeletionProtection: 'false' })
        assert.equal(await house.outcome('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' }), OK)
      }
    })

    it('refuses import operations on keys of origin Aliyun_KMS', async () => {
      const { KeyMetadata } = await house.must('CreateKey')
      const KeyId = KeyMetadata.KeyId
      const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_1', WrappingKeySpec: 'RSA_2048' }
      assert.equal(await house.outcome('GetParametersForImport', { KeyId, ...wrapping }), 'Unsupported.Origin')
      assert.equal(await house.outcome('DeleteKeyMaterial', { KeyId }), 'Unsupported.Origin')
      const material = { ImportToken: 'AAAA', EncryptedKeyMaterial: 'AAAA' }
      assert.equal(await house.outcome('ImportKeyMaterial', { KeyId, ...material }), 'Unsupported.Origin')
    })

    it('met no failure of its own', () => {
      assert.deepEqual(house.failures, [])
    })
  })
})
