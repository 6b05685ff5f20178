// Plays a step on the service and on the model, and demands that both answer alike.
import assert from 'node:assert/strict'
import type { KeyObject } from 'node:crypto'
import type { Called, Credentials } from '../acceptance/program.ts'
import type { TestHouse } from '../house.ts'
import { wrap } from '../kms/byok.ts'
import { exportTo, unwrapExported } from '../kms/export.ts'
import { KeyServiceModel, type ModelBlob, type ModelKey } from './key-service.ts'
import { SECRET_PLAYS } from './play-secrets.ts'
import { SecretsModel } from './secrets.ts'

/** A step names keys, aliases and blobs by number, since ids differ from run to run. */
export interface Step {
  readonly operation: string
  readonly key: number
  readonly other: number
  readonly alias: number
  readonly value: number
  readonly yes: boolean
}

/** The number of a key that never was. */
export const KEYS = 19

export type ProtectionLevel = 'SOFTWARE' | 'HSM'
type Body = Called['body']
type Parameters = Record<string, string>

/** A step with the number of the ciphertext that it is about. */
export type Played = Step & { readonly blob: number }

/** How an operation is called in a step, what the model says of it, and what a good answer must show. */
export interface Play {
  readonly parameters: (step: Played, run: Run) => Parameters | Promise<Parameters>
  readonly expected: (step: Played, model: KeyServiceModel, run: Run) => string
  readonly shows?: (body: Body, step: Played, run: Run) => void
}

const HOUR = 3_600_000
const DAY = 24 * HOUR
const WRAPPING = { WrappingAlgorithm: 'RSAES_OAEP_SHA_1', WrappingKeySpec: 'RSA_2048' }
const MATERIALS = [1, 2].map((byte) => Buffer.alloc(32, byte))
const INTERVALS = ['7d', '240h', '6d']

/** One sequence: the service in an account of its own, beside the model. */
export class Run {
  readonly model: KeyServiceModel
  readonly secrets: SecretsModel
  readonly house: TestHouse
  readonly level: ProtectionLevel
  readonly rsa: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  readonly ids: string[] = []
  readonly blobs: string[] = []
  readonly tokens: { readonly publicKey: string; readonly token: string }[] = []
  readonly #account: Credentials
  readonly #versions = new Map<string, string>()

  constructor(house: TestHouse, account: Credentials, level: ProtectionLevel, rsa: Run['rsa']) {
    this.house = house
    this.model = new KeyServiceModel(house.now)
    this.secrets = new SecretsModel(this.model)
    this.level = level
    this.rsa = rsa
    this.#account = account
  }

  call(action: string, parameters: Parameters = {}): Promise<Called> {
    return this.house.call(action, parameters, this.#account)
  }

  async must(action: string, parameters: Parameters = {}): Promise<Body> {
    const { status, body } = await this.call(action, parameters)
    assert.equal(status, 200, `${action} ${JSON.stringify(body)}`)
    return body
  }

  id(key: number): string {
    return this.ids[key] ?? 'no-such-key'
  }

  /** The id of a version is whatever it was when it was seen first, and of no other version. */
  sameVersion({ key, version }: Pick<ModelBlob, 'key' | 'version'>, id: string): void {
    const name = `${key}/${version}`
    const others = [...this.#versions].filter(([one]) => one !== name).map(([, other]) => other)
    assert.equal(this.#versions.get(name) ?? id, id, `version ${name}`)
    assert.ok(!others.includes(id), `version ${name} is another`)
    this.#versions.set(name, id)
  }

  remember(body: Body): void {
    const blob = this.model.blobs.at(-1)
    assert.ok(blob)
    assert.equal(this.model.blobs.length, this.blobs.push(body.CiphertextBlob))
    if (body.Plaintext !== undefined) this.model.blobs[this.blobs.length - 1] = { ...blob, plaintext: body.Plaintext }
  }

  async sweep(): Promise<void> {
    this.model.now = this.house.now
    await this.house.sweep()
    this.model.sweep()
    this.secrets.sweep()
  }

  /** A first state worth changing: a key that rotates, one that does not, one with imported material; each named and used. */
  async begin(): Promise<void> {
    const first = { key: 0, other: 0, alias: 0, value: 0, yes: false, blob: 0 }
    for (const step of [
      { operation: 'CreateKey', value: 3 },
      { operation: 'CreateKey' },
      { operation: 'CreateKey', yes: true },
      { operation: 'GetParametersForImport', key: 2 },
      { operation: 'ImportKeyMaterial', key: 2, yes: true },
      ...[0, 1, 2].flatMap((key) => [
        { operation: 'CreateAlias', key, alias: key },
        { operation: 'Encrypt', key, value: key },
        { operation: 'GenerateDataKey', key },
      ]),
      { operation: 'CreateSecret', key: 0, alias: 0 },
      { operation: 'CreateSecret', key: 2, alias: 1 },
    ])
      await this.#play({ ...first, ...step })
  }

  /** Plays a step on one of the latest five keys and the latest ten ciphertexts; now and then on one that never was. */
  async step(step: Step): Promise<void> {
    const latest = this.ids.length - 1 - (step.key % Math.min(5, this.ids.length))
    await this.#play({
      ...step,
      key: step.key === KEYS ? this.ids.length : latest,
      blob: this.blobs.length - 1 - step.other,
    })
  }

  async #play(step: Played): Promise<void> {
    if (step.operation === 'pass hours' || step.operation === 'pass days') {
      this.house.now += step.operation === 'pass days' ? step.value * 2 * DAY : (step.value + 1) * 6 * HOUR
      this.model.now = this.house.now
      // What falls due is true at once; only rotation, lists and free names wait for the sweep.
      if (step.yes) await this.sweep()
      return
    }
    if (step.operation === 'restart') {
      await this.house.restart()
      await this.everything()
      return
    }
    const name = step.operation
    if (/^(List|CreateAlias|CreateSecret)/.test(name)) await this.sweep()
    this.house.now += 1000
    this.model.now = this.house.now
    const play = PLAYS[name]
    assert.ok(play, name)
    const parameters = await play.parameters(step, this)
    const { status, body } = await this.call(name, parameters)
    const expected = play.expected(step, this.model, this)
    assert.equal(status === 200 ? 'OK' : body.Code, expected, `${name} ${JSON.stringify(parameters)}`)
    if (expected === 'OK') play.shows?.(body, step, this)
    await this.described(step.key)
  }

  /** DescribeKey says what the model says. */
  async described(number: number): Promise<void> {
    const key = this.model.key(number)
    const { status, body } = await this.call('DescribeKey', { KeyId: this.id(number) })
    if (!key) return assert.equal(body.Code, 'Forbidden.KeyNotFound')
    assert.equal(status, 200)
    assert.deepEqual(visible(body.KeyMetadata), this.model.describe(key))
    assert.equal(body.KeyMetadata.ProtectionLevel, this.level)
    if (key.versions.length > 0)
      this.sameVersion({ key: number, version: key.versions.length - 1 }, body.KeyMetadata.PrimaryKeyVersion)
  }

  /** All that can be seen: every key with its tags and versions, every alias, and every ciphertext that opens. */
  async everything(): Promise<void> {
    await this.sweep()
    const { model } = this
    const living = model.living()
    for (const { number } of model.keys) await this.described(number)
    for (const key of living) {
      const KeyId = this.id(key.number)
      assert.deepEqual(tagsOf((await this.must('ListResourceTags', { KeyId })).Tags.Tag), sorted([...key.tags]))
      const { KeyVersions } = await this.must('ListKeyVersions', { KeyId, PageSize: '100' })
      showVersions(KeyVersions, key, this)
    }
    showKeys(await this.must('ListKeys', { PageSize: '100' }), living, this)
    showAliases(await this.must('ListAliases', { PageSize: '100' }), this)
    for (const [i, blob] of model.blobs.entries()) {
      const parameters = { CiphertextBlob: this.blobs[i] ?? '', EncryptionContext: blob.context }
      const { status, body } = await this.call('Decrypt', parameters)
      assert.equal(status === 200 ? 'OK' : body.Code, model.decrypt(blob, blob.context))
      if (status === 200) assert.equal(body.Plaintext, blob.plaintext)
    }
    assert.deepEqual(this.house.failures, [])
  }
}

function time(text: string | undefined): number | null {
  return text ? Date.parse(text) : null
}

/** KeyMetadata in the model's words. */
function visible(metadata: Body) {
  const seconds = /^(\d+)s$/.exec(metadata.RotationInterval ?? '')?.[1]
  return {
    state: metadata.KeyState,
    description: metadata.Description,
    origin: metadata.Origin,
    createdAt: time(metadata.CreationDate),
    deleteAt: time(metadata.DeleteDate),
    expiresAt: time(metadata.MaterialExpireTime),
    lastRotationAt: time(metadata.LastRotationDate),
    rotation: metadata.AutomaticRotation,
    rotationMs: seconds === undefined ? null : Number(seconds) * 1000,
    nextRotationAt: time(metadata.NextRotationDate),
    protection: metadata.DeletionProtection,
    protectionDescription: metadata.DeletionProtectionDescription ?? null,
  }
}

function sorted<T>(list: readonly T[]): T[] {
  return list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

function tagsOf(rows: Body[]): [string, string][] {
  return sorted(rows.map(({ TagKey, TagValue }) => [TagKey, TagValue] as [string, string]))
}

function showKeys(body: Body, keys: readonly ModelKey[], run: Run): void {
  assert.equal(body.TotalCount, keys.length)
  const listed = body.Keys.Key.map(({ KeyId }: Body) => KeyId)
  assert.deepEqual(sorted(listed), sorted(keys.map(({ number }) => run.id(number))))
}

function showAliases(body: Body, run: Run, of: number | null = null): void {
  const { model } = run
  const expected = [...model.aliases].filter(([name, key]) => model.aliasTarget(name) && (of === null || key === of))
  const listed = body.Aliases.Alias.map(({ AliasName, KeyId }: Body) => [AliasName, KeyId])
  assert.deepEqual(sorted(listed), sorted(expected.map(([name, key]) => [name, run.id(key)])))
  assert.equal(body.TotalCount, expected.length)
}

function showVersions(list: Body, { number, versions }: ModelKey, run: Run): void {
  const listed = list.KeyVersion.toReversed()
  assert.deepEqual(
    listed.map(({ CreationDate }: Body) => time(CreationDate)),
    versions,
  )
  for (const [version, { KeyVersionId }] of listed.entries()) run.sameVersion({ key: number, version }, KeyVersionId)
}

const aliasOf = ({ alias }: Played) => `alias/${'abcd'[alias]}`
const contextOf = ({ value }: Played) => (value % 2 === 0 ? '{"order":"42"}' : '')
/** Half of the steps of these operations name their key by its alias. */
const named = (step: Played, run: Run) => ({ KeyId: step.yes ? aliasOf(step) : run.id(step.key) })
const target = (step: Played, model: KeyServiceModel) =>
  step.yes ? model.aliasTarget(aliasOf(step)) : model.key(step.key)
const missing = ({ yes }: Played) => (yes ? 'Forbidden.AliasNotFound' : 'Forbidden.KeyNotFound')
const byId = (step: Played, run: Run) => ({ KeyId: run.id(step.key) })
const found = (step: Played, model: KeyServiceModel) => (model.key(step.key) ? 'OK' : 'Forbidden.KeyNotFound')
const anything = () => 'OK'
/** Most steps hand the right context to the ciphertext. */
const blobOf = ({ blob }: Played, { model }: { model: KeyServiceModel }) => model.blobs[blob]
const ciphertext = ({ blob }: Played, run: Run) => run.blobs[blob] ?? 'AAAA'
const given = (step: Played, model: KeyServiceModel) =>
  step.yes || step.value > 1 ? (blobOf(step, { model })?.context ?? '') : '{"wrong":"one"}'
const resources = (step: Played, run: Run) => ({
  RegionId: 'cn-hangzhou',
  ResourceType: 'key',
  'ResourceId.1': run.id(step.key),
})
/** All keys of the model are symmetric; test/kms/asymmetric.test.ts has the others. */
const symmetric = ({ key }: Played, model: KeyServiceModel) =>
  model.key(key) ? 'Rejected.UnsupportedOperation' : 'Forbidden.KeyNotFound'
const ofPair = (step: Played, run: Run) => ({ ...byId(step, run), KeyVersionId: 'v' })
const signing = (step: Played, run: Run) => ({
  ...ofPair(step, run),
  Algorithm: 'ECDSA_SHA_256',
  Digest: Buffer.alloc(32).toString('base64'),
})
const encrypting = (step: Played, run: Run) => ({ ...ofPair(step, run), Algorithm: 'RSAES_OAEP_SHA_1' })
const dataKey = (step: Played) => ({ context: contextOf(step), plaintext: '', isDataKey: true })

export const PLAYS: Readonly<Record<string, Play>> = {
  ...SECRET_PLAYS,
  CreateKey: {
    parameters: ({ value, yes }, { level }) => ({
      ProtectionLevel: level,
      Description: `d${value}`,
      Origin: yes ? 'EXTERNAL' : 'Aliyun_KMS',
      ...(value > 2 ? { EnableAutomaticRotation: 'true', RotationInterval: INTERVALS[value - 3] ?? '' } : {}),
      Tags: `[{"TagKey":"made","TagValue":"${value}"}]`,
    }),
    expected: ({ value, yes }, model) =>
      model.createKey(yes, value > 2 ? (INTERVALS[value - 3] ?? '') : null, `d${value}`, [['made', String(value)]]),
    shows: (body, _, run) => void run.ids.push(body.KeyMetadata.KeyId),
  },
  DescribeKey: {
    parameters: named,
    expected: (step, model) => (target(step, model) ? 'OK' : missing(step)),
    shows: (body, step, run) => assert.equal(body.KeyMetadata.KeyId, run.id(target(step, run.model)?.number ?? -1)),
  },
  ListKeys: {
    parameters: ({ yes }) => ({
      PageSize: '100',
      ...(yes ? { Filters: '[{"Key":"KeyState","Values":["Enabled","PendingImport"]}]' } : {}),
    }),
    expected: anything,
    shows: (body, { yes }, run) => {
      const states = ['Enabled', 'PendingImport']
      showKeys(
        body,
        run.model.living().filter((key) => !yes || states.includes(run.model.state(key))),
        run,
      )
    },
  },
  EnableKey: { parameters: byId, expected: ({ key }, model) => model.enable(key) },
  DisableKey: { parameters: byId, expected: ({ key }, model) => model.disable(key) },
  ScheduleKeyDeletion: {
    parameters: (step, run) => ({ ...byId(step, run), PendingWindowInDays: String(6 + step.value) }),
    expected: ({ key, value }, model) => model.scheduleDeletion(key, 6 + value),
  },
  CancelKeyDeletion: { parameters: byId, expected: ({ key }, model) => model.cancelDeletion(key) },
  GetParametersForImport: {
    parameters: (step, run) => ({ ...byId(step, run), ...WRAPPING }),
    expected: ({ key }, model) => model.parametersForImport(key),
    shows: (body, _, run) => void run.tokens.push({ publicKey: body.PublicKey, token: body.ImportToken }),
  },
  ImportKeyMaterial: {
    parameters: (step, run) => {
      const known = run.tokens[tokenOf(step, run)]
      const material = MATERIALS[step.value % 2]
      const wrapped = known && material ? wrap(known.publicKey, WRAPPING.WrappingAlgorithm, material) : 'AAAA'
      const expiry = expiryOf(step, run)
      return {
        ...byId(step, run),
        ImportToken: known?.token ?? 'AAAA',
        EncryptedKeyMaterial: wrapped,
        ...(expiry === null ? {} : { KeyMaterialExpireUnix: String(expiry / 1000) }),
      }
    },
    expected: (step, model, run) =>
      model.importMaterial(step.key, tokenOf(step, run), step.value % 2, expiryOf(step, run)),
  },
  DeleteKeyMaterial: { parameters: byId, expected: ({ key }, model) => model.deleteMaterial(key) },
  Encrypt: {
    parameters: (step, run) => ({
      ...named(step, run),
      Plaintext: `text ${step.value}`,
      EncryptionContext: contextOf(step),
    }),
    expected: (step, model) =>
      model.encrypt(target(step, model), missing(step), {
        context: contextOf(step),
        plaintext: `text ${step.value}`,
        isDataKey: false,
      }),
    shows: encrypted,
  },
  GenerateDataKey: {
    parameters: (step, run) => ({ ...named(step, run), EncryptionContext: contextOf(step) }),
    expected: (step, model) => model.encrypt(target(step, model), missing(step), dataKey(step)),
    shows: encrypted,
  },
  GenerateDataKeyWithoutPlaintext: {
    parameters: (step, run) => ({ ...named(step, run), EncryptionContext: contextOf(step) }),
    expected: (step, model) => model.encrypt(target(step, model), missing(step), dataKey(step)),
    // Nobody knows it yet, so the model learns it from Decrypt; here it must only be no one's business.
    shows: (body, step, run) => {
      assert.equal('Plaintext' in body, false)
      encrypted(body, step, run)
      run.model.blobs.pop()
      run.blobs.pop()
    },
  },
  GenerateAndExportDataKey: {
    parameters: (step, run) => ({
      ...named(step, run),
      EncryptionContext: contextOf(step),
      ...exportTo(run.rsa.publicKey),
    }),
    expected: (step, model) => model.encrypt(target(step, model), missing(step), dataKey(step)),
    shows: (body, step, run) => {
      const plaintext = unwrapExported(run.rsa.privateKey, body.ExportedDataKey).toString('base64')
      encrypted({ ...body, Plaintext: plaintext }, step, run)
    },
  },
  Decrypt: {
    parameters: (step, run) => ({ CiphertextBlob: ciphertext(step, run), EncryptionContext: given(step, run.model) }),
    expected: (step, model) => model.decrypt(blobOf(step, { model }), given(step, model)),
    shows: (body, step, run) => {
      const blob = blobOf(step, run)
      assert.equal(body.Plaintext, blob?.plaintext)
      opened(body, blob, run)
    },
  },
  ExportDataKey: {
    parameters: (step, run) => ({
      CiphertextBlob: ciphertext(step, run),
      EncryptionContext: given(step, run.model),
      ...exportTo(run.rsa.publicKey),
    }),
    expected: (step, model) => model.export(blobOf(step, { model }), given(step, model)),
    shows: (body, step, run) => {
      const blob = blobOf(step, run)
      const exported = unwrapExported(run.rsa.privateKey, body.ExportedDataKey)
      assert.equal(exported.toString('base64'), blob?.plaintext)
      opened(body, blob, run)
    },
  },
  ReEncrypt: {
    parameters: (step, run) => ({
      CiphertextBlob: ciphertext(step, run),
      SourceEncryptionContext: given(step, run.model),
      DestinationKeyId: run.id(step.key),
      DestinationEncryptionContext: contextOf(step),
    }),
    expected: (step, model) => model.reEncrypt(blobOf(step, { model }), given(step, model), step.key, contextOf(step)),
    shows: (body, step, run) => {
      opened(body, blobOf(step, run), run)
      run.remember(body)
    },
  },
  CreateAlias: {
    parameters: (step, run) => ({ ...byId(step, run), AliasName: aliasOf(step) }),
    expected: (step, model) => model.createAlias(aliasOf(step), step.key),
  },
  UpdateAlias: {
    parameters: (step, run) => ({ ...byId(step, run), AliasName: aliasOf(step) }),
    expected: (step, model) => model.updateAlias(aliasOf(step), step.key),
  },
  DeleteAlias: {
    parameters: (step) => ({ AliasName: aliasOf(step) }),
    expected: (step, model) => model.deleteAlias(aliasOf(step)),
  },
  ListAliases: {
    parameters: () => ({ PageSize: '100' }),
    expected: anything,
    shows: (body, _, run) => showAliases(body, run),
  },
  ListAliasesByKeyId: {
    parameters: byId,
    expected: found,
    shows: (body, { key }, run) => showAliases(body, run, key),
  },
  TagResource: {
    parameters: (step, run) => ({
      ...byId(step, run),
      Tags: `[{"TagKey":"t${step.other}","TagValue":"${step.value}"}]`,
    }),
    expected: ({ key, other, value }, model) => model.tag(key, `t${other}`, String(value)),
  },
  UntagResource: {
    parameters: (step, run) => ({ ...byId(step, run), TagKeys: `["t${step.other}"]` }),
    expected: ({ key, other }, model) => model.untag(key, `t${other}`),
  },
  ListResourceTags: {
    parameters: byId,
    expected: found,
    shows: (body, { key }, run) => {
      assert.deepEqual(tagsOf(body.Tags.Tag), sorted([...(run.model.key(key)?.tags ?? [])]))
    },
  },
  TagResources: {
    parameters: (step, run) => ({
      ...resources(step, run),
      'Tag.1.Key': `t${step.other}`,
      'Tag.1.Value': String(step.value),
    }),
    expected: ({ key, other, value }, model) => ofResources(model.tag(key, `t${other}`, String(value))),
  },
  UntagResources: {
    parameters: (step, run) => ({ ...resources(step, run), 'TagKey.1': `t${step.other}` }),
    expected: ({ key, other }, model) => ofResources(model.untag(key, `t${other}`)),
  },
  ListTagResources: {
    parameters: ({ other }) => ({ RegionId: 'cn-hangzhou', ResourceType: 'key', 'Tag.1.Key': `t${other}` }),
    expected: anything,
    shows: (body, { other }, run) => {
      const keys = run.model.living().filter(({ tags }) => tags.has(`t${other}`))
      const listed = body.TagResources.TagResource.map(({ ResourceId, TagKey, TagValue }: Body) => [
        ResourceId,
        TagKey,
        TagValue,
      ])
      const expected = keys.flatMap(({ number, tags }) => [...tags].map((tag) => [run.id(number), ...tag]))
      assert.deepEqual(sorted(listed), sorted(expected))
    },
  },
  UpdateKeyDescription: {
    parameters: (step, run) => ({ ...byId(step, run), Description: step.yes ? `again ${step.value}` : '' }),
    expected: ({ key, yes, value }, model) => model.describeAnew(key, yes ? `again ${value}` : ''),
  },
  SetDeletionProtection: {
    parameters: (step, run) => ({
      ...byId(step, run),
      EnableDeletionProtection: String(step.yes),
      DeletionProtectionDescription: step.value > 2 ? `why ${step.value}` : '',
    }),
    expected: ({ key, yes, value }, model) => model.protect(key, yes ? (value > 2 ? `why ${value}` : '') : null),
  },
  CreateKeyVersion: {
    parameters: byId,
    expected: symmetric,
  },
  AsymmetricSign: { parameters: signing, expected: symmetric },
  AsymmetricVerify: {
    parameters: (step, run) => ({ ...signing(step, run), Value: 'AAAA' }),
    expected: symmetric,
  },
  AsymmetricEncrypt: {
    parameters: (step, run) => ({ ...encrypting(step, run), Plaintext: 'AAAA' }),
    expected: symmetric,
  },
  AsymmetricDecrypt: {
    parameters: (step, run) => ({ ...encrypting(step, run), CiphertextBlob: 'AAAA' }),
    expected: symmetric,
  },
  GetPublicKey: {
    parameters: ofPair,
    expected: symmetric,
  },
  DescribeKeyVersion: {
    parameters: async (step, run) => {
      const { status, body } = await run.call('ListKeyVersions', { ...byId(step, run), PageSize: '100' })
      const versions = status === 200 ? body.KeyVersions.KeyVersion.toReversed() : []
      return { ...byId(step, run), KeyVersionId: versions[step.value]?.KeyVersionId ?? 'no-such-version' }
    },
    expected: (step, model) => {
      const key = model.key(step.key)
      if (!key) return 'Forbidden.KeyNotFound'
      return step.value < key.versions.length ? 'OK' : 'Forbidden.KeyVersionNotFound'
    },
    shows: ({ KeyVersion }, { key, value }, run) => {
      assert.equal(time(KeyVersion.CreationDate), run.model.key(key)?.versions[value])
      run.sameVersion({ key, version: value }, KeyVersion.KeyVersionId)
    },
  },
  ListKeyVersions: {
    parameters: byId,
    expected: found,
    shows: (body, { key }, run) => {
      const model = run.model.key(key)
      assert.ok(model)
      assert.equal(body.TotalCount, model.versions.length)
      if (model.versions.length <= 10) showVersions(body.KeyVersions, model, run)
    },
  },
  UpdateRotationPolicy: {
    parameters: (step, run) => ({
      ...byId(step, run),
      EnableAutomaticRotation: String(step.yes),
      RotationInterval: INTERVALS[step.value % 3] ?? '',
    }),
    expected: ({ key, yes, value }, model) => model.rotationPolicy(key, yes ? (INTERVALS[value % 3] ?? '') : null),
  },
  OpenKmsService: { parameters: () => ({}), expected: () => 'Forbidden.Opened' },
  DescribeAccountKmsStatus: {
    parameters: () => ({}),
    expected: anything,
    shows: (body) => assert.equal(body.AccountStatus, 'Enabled'),
  },
  DescribeService: { parameters: () => ({}), expected: anything },
  DescribeRegions: { parameters: () => ({}), expected: anything },
  DescribeAccountQuotas: {
    parameters: () => ({}),
    expected: anything,
    shows: (body, _, { model }) => {
      const used = new Map<string, number>(body.Quotas.Quota.map(({ Name, Used }: Body) => [Name, Used]))
      const [keys = -1, aliases = -1] = [used.get('Keys'), used.get('Aliases')]
      // A key counts until the service has removed it, some time after its deletion date, and so do its aliases.
      assert.ok(keys >= model.living().length && keys <= model.keys.length, `${keys} keys`)
      const reachable = [...model.aliases.values()].filter((number) => model.key(number)).length
      assert.ok(aliases >= reachable && aliases <= model.aliases.size, `${aliases} aliases`)
    },
  },
  GetRandomPassword: {
    parameters: ({ value }) => ({ PasswordLength: String(8 + value) }),
    expected: anything,
    shows: (body, { value }) => assert.equal(body.RandomPassword.length, 8 + value),
  },
  InspectHsm: {
    parameters: () => ({}),
    expected: anything,
    shows: (body, _, { house }) => assert.equal(body.Tokens.Token.length, house.token ? 1 : 0),
  },
  ListDueKeys: {
    parameters: ({ other }) => ({ WithinDays: String(1 + other * 3), PageSize: '100' }),
    expected: anything,
    shows: (body, { other }, run) => {
      const until = run.house.now + (1 + other * 3) * DAY
      const due = run.model.living().flatMap((key) => {
        const at = key.deleteAt ?? key.material?.expiresAt ?? null
        return at === null || at > until
          ? []
          : [[run.id(key.number), key.deleteAt === null ? 'MaterialExpiry' : 'Deletion', at]]
      })
      const listed = body.Keys.Key.map(({ KeyId, Due, DueDate }: Body) => [KeyId, Due, time(DueDate)])
      assert.deepEqual(sorted(listed), sorted(due))
      assert.equal(body.TotalCount, due.length)
    },
  },
}

/** The operations on several resources have a code of their own for a key that is not there. */
function ofResources(answer: string): string {
  return answer === 'Forbidden.KeyNotFound' ? 'InvalidResourceId.NotFound' : answer
}

/** Usually the key's latest token, now and then any other. */
function tokenOf({ key, other, yes }: Played, { model }: Run): number {
  return yes ? model.tokens.findLastIndex((token) => token.key === key) : other
}

function expiryOf({ value }: Played, { house }: Run): number | null {
  return value < 3 ? null : Math.floor(house.now / 1000) * 1000 + value * 2 * DAY
}

function encrypted(body: Body, step: Played, run: Run): void {
  const key = target(step, run.model)
  assert.equal(body.KeyId, run.id(key?.number ?? -1))
  run.sameVersion({ key: key?.number ?? -1, version: (key?.versions.length ?? 0) - 1 }, body.KeyVersionId)
  run.remember(body)
}

function opened(body: Body, blob: ModelBlob | undefined, run: Run): void {
  assert.ok(blob)
  assert.equal(body.KeyId, run.id(blob.key))
  run.sameVersion(blob, body.KeyVersionId)
}
