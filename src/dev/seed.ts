// Seeding, only for `serve --dev`: creates what the seed file names, and leaves existing objects unchanged.
import type { Code } from '../api/errors/catalogue.ts'
import { Refusal, refuse } from '../api/errors.ts'
import type { AnyOperation } from '../api/operation.ts'
import { readValues } from '../api/parameters.ts'
import { exportPublicKey } from '../cryptography/export-key.ts'
import { encryptRsa } from '../cryptography/rsa-encryption.ts'
import type { House } from '../gateway/house.ts'
import { newSoftwareKey } from '../kms/key-state.ts'
import type { KmsContext } from '../kms/operation.ts'
import { CreateAlias } from '../kms/operations/create-alias.ts'
import { description } from '../kms/parameters.ts'
import { CMK, VERSION } from '../kms/records.ts'
import { demandSettable, tagList } from '../kms/tags.ts'
import { type Change, INSTALLATION, insert } from '../ledger/record.ts'
import { ACCESS_KEY } from '../ram/access-key.ts'
import type { Accounts } from '../ram/account.ts'
import { findUser } from '../ram/find.ts'
import { addAccessKey } from '../ram/key-holder.ts'
import type { RamContext } from '../ram/operation.ts'
import { AttachPolicyToUser } from '../ram/operations/attach-policy-to-user.ts'
import { CreatePolicy } from '../ram/operations/create-policy.ts'
import { CreateUser } from '../ram/operations/create-user.ts'
import type { SeedAccount, SeedKey, SeedUser } from './seed-file.ts'

type Context = KmsContext & RamContext
type Seeded = AnyOperation<Context, Change>

/** Seeds all accounts. Rejects with the name of the object that can't be created. */
export async function seed(all: readonly SeedAccount[], house: House, accounts: Accounts): Promise<void> {
  const sealing = await sealer(house)
  for (const account of all) {
    await accounts.provide(account, account.name, house.now())
    for (const { policyName, document } of account.policies)
      await make(CreatePolicy, { PolicyName: policyName, PolicyDocument: JSON.stringify(document) }, account, house)
    for (const user of account.users) await seedUser(user, account, house)
    for (const key of account.keys)
      await unlessThere(`key ${key.keyId}`, account, () => seedKey(key, sealing, account, house))
    for (const { region, aliasName, keyId } of account.aliases)
      await make(CreateAlias, { AliasName: aliasName, KeyId: keyId }, account, house, region)
  }
}

/** The refusals of operations for objects that exist already. */
const THERE: readonly Code[] = [
  'EntityAlreadyExists.Policy',
  'EntityAlreadyExists.User',
  'EntityAlreadyExists.User.Policy',
  'AliasAlreadyExists',
]

/** Creates an object by the decision of its operation, so that the same rules hold. */
async function make(
  operation: Seeded,
  parameters: Record<string, string>,
  account: SeedAccount,
  house: House,
  region: string | null = null,
): Promise<void> {
  await unlessThere(`${operation.name} ${JSON.stringify(parameters)}`, account, async () => {
    const context = contextOf(account.accountId, region, house)
    const values = readValues(operation.parameters, new Map(Object.entries(parameters))) as never
    await commit((await operation.decide(values, context)).changes, house)
  })
}

/** Does the work unless its result exists. Rejects with the object and the reason of the refusal. */
async function unlessThere(what: string, { accountId }: SeedAccount, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (THERE.includes(error.entry)) return
    throw new Error(`account ${accountId} of the seed: ${what} was refused with ${error.code}: ${error.message}`)
  }
}

async function commit(changes: readonly Change[], { ledger }: House): Promise<void> {
  const outcome = await ledger.commit({ changes, nonce: null, event: null })
  if (outcome === 'full') throw refuse('Rejected.LimitExceeded')
  if (outcome === 'moved') throw new Error('another process changes the database while it is seeded: start again')
}

function contextOf(accountId: string, region: string | null, house: House): Context {
  const {
    settings,
    ledger,
    keystore,
    hsmTokens,
    messageKeys,
    publicKeys,
    authorizer,
    runtime,
    accessKeys,
    mfaSeeds,
    heavyWork,
    lastUsed,
  } = house
  const place = region ?? settings.regions[0] ?? ''
  if (!settings.regions.includes(place)) throw new Error(`the seed names the region \`${place}\`, which is not served`)
  return {
    caller: { type: 'root-account', accountId, principalId: accountId, userName: 'root', accessKeyId: '' },
    scope: { account: accountId, region: place },
    now: house.now(),
    ledger: ledger.view(),
    keystore,
    hsmTokens,
    messageKeys,
    publicKeys,
    settings,
    authorizer,
    facts: { now: house.now(), secureTransport: false, sourceAddress: '', requestTags: [] },
    quotas: settings.quotas,
    newRecordId: runtime.newRecordId,
    randomBytes: runtime.randomBytes,
    sealAccessKeySecret: (id, secret) => accessKeys.seal(id, secret),
    mfaSeeds,
    heavyWork,
    accessKeyLastUsed: (id) => lastUsed.at(id),
  }
}

async function seedUser(user: SeedUser, account: SeedAccount, house: House): Promise<void> {
  const UserName = user.userName
  await make(CreateUser, { UserName }, account, house)
  for (const policy of user.policies) {
    const [, PolicyType = '', PolicyName = ''] = /^([^/]+)\/(.+)$/.exec(policy) ?? []
    await make(AttachPolicyToUser, { UserName, PolicyType, PolicyName }, account, house)
  }
  const context = contextOf(account.accountId, null, house)
  const record = await findUser(UserName, context)
  const { accessKeyId: id, accessKeySecret } = user
  const existing = await house.ledger.get(ACCESS_KEY, INSTALLATION, id)
  if (existing?.body.userId === record.id) return
  if (existing) throw new Error(`the seed gives user ${UserName} the AccessKey ${id}, which belongs to another`)
  const sealedSecret = context.sealAccessKeySecret(id, accessKeySecret)
  await commit(addAccessKey(record, { id, sealedSecret, createdAt: context.now }), house)
}

async function seedKey(key: SeedKey, sealing: Sealing, { accountId }: SeedAccount, house: House): Promise<void> {
  const context = contextOf(accountId, key.region, house)
  const { scope, now, ledger, settings } = context
  if (await ledger.get(CMK, scope, key.keyId)) return
  const tags = Object.entries(key.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }))
  const Tags = tags.length === 0 ? [] : tagList.read('tags', JSON.stringify(tags))
  demandSettable(Tags, context)
  const body = {
    ...newSoftwareKey(key.versions.at(-1)?.versionId ?? null, now),
    description: description.read('description', key.description),
    tags: Tags,
  }
  const changes: Change[] = [insert(CMK, { ...scope, id: key.keyId, createdAt: now, body }, settings.maxKeys)]
  for (const { versionId: id, material } of key.versions) {
    const sealed = await sealing(
      { ...scope, keyId: key.keyId, versionId: id, keySpec: body.keySpec, protectionLevel: body.protectionLevel },
      material,
    )
    const version = { keyId: key.keyId, material: sealed }
    changes.push(insert(VERSION, { ...scope, id, parent: key.keyId, createdAt: now, body: version }))
  }
  await commit(changes, house)
}

type Place = Parameters<House['keystore']['generate']>[0]
type Sealing = (place: Place, material: Uint8Array) => Promise<string>

/** Puts material into the key store by its only way in: wrapped, as an import. */
async function sealer({ keystore }: House): Promise<Sealing> {
  const place = ['seed']
  const algorithm = 'RSAES_OAEP_SHA_256'
  const nowhere = { account: '', region: '', keyId: 'seed', protectionLevel: 'SOFTWARE' } as const
  const wrapping = await keystore.wrappingKey({ ...nowhere, place, algorithm, expiresAt: Number.MAX_SAFE_INTEGER })
  const key = wrapping.outcome === 'made' ? exportPublicKey(wrapping.publicKey) : null
  if (wrapping.outcome !== 'made' || !key) throw new Error('the key store made no RSA-2048 wrapping key')
  const { sealedPrivateKey } = wrapping
  return async (version, material) => {
    const wrapped = encryptRsa(key, algorithm, material)
    const imported = await keystore.importMaterial(
      version,
      { place, sealedPrivateKey, algorithm, expired: false },
      wrapped,
      null,
    )
    if (imported.outcome !== 'imported') throw new Error(`the material of version ${version.versionId} can't be sealed`)
    return imported.material
  }
}
