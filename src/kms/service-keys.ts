// Service keys: the key of a cloud product in an account and region (docs/products.md). It is made when the product first uses it, and only the product uses it.
import { refuse } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import { type Change, insert } from '../ledger/record.ts'
import { principalOf, productAliased, productOf, SERVICE_ALIAS } from './cloud-product.ts'
import { aliasCalled, type FoundKey, findAlias, findKey, findKeyById } from './key-name.ts'
import { newKeyResource } from './key-resource.ts'
import type { KmsContext } from './operation.ts'
import { ALIAS, CMK, type CmkBody, VERSION } from './records.ts'
import { newVersion } from './version.ts'

/** What making and using a service key takes: of a call, or of the service's own work. */
export type ValueContext = Pick<
  KmsContext,
  'caller' | 'scope' | 'now' | 'ledger' | 'keystore' | 'dataKeys' | 'newRecordId' | 'randomBytes'
>

const KMS = principalOf('kms')
const KMS_CALLER = { type: 'service', accountId: '', principalId: KMS, userName: KMS, accessKeyId: '' } as const

/** What using a key takes of a context, with the key service as the caller: it uses keys for its own work. */
export function asKms({ scope, now, ledger, keystore }: Omit<ValueContext, 'caller'>) {
  return { scope, now, ledger, keystore, caller: KMS_CALLER }
}

/**
 * Returns the service key of the product in the account and region of the call. At its first use the key is new: then the call must commit
 * `made.changes`. Calls that make it at the same time make one, since the alias can be inserted once.
 */
export async function serviceKeyOf(product: string, context: ValueContext): Promise<FoundKey> {
  const name = SERVICE_ALIAS + product
  const alias = await findAlias(name, context)
  return alias ? findKeyById(alias.body.keyId, context) : newServiceKey(product, name, context)
}

async function newServiceKey(product: string, aliasName: string, context: ValueContext): Promise<FoundKey> {
  const { scope, now } = context
  const [keyId, versionId] = [context.newRecordId(), context.newRecordId()]
  const body: CmkBody = {
    description: '',
    keySpec: 'Aliyun_AES_256',
    keyUsage: 'ENCRYPT/DECRYPT',
    origin: 'Aliyun_KMS',
    protectionLevel: 'SOFTWARE',
    state: 'Enabled',
    deleteAt: null,
    materialExpiresAt: null,
    primaryVersionId: versionId,
    lastRotationAt: now,
    materialFingerprint: null,
    tags: [],
    product,
  }
  const key = insert(CMK, { ...scope, id: keyId, createdAt: now, body })
  const version = insert(VERSION, await newVersion({ id: keyId, body }, versionId, context))
  const alias = insert(ALIAS, { ...scope, id: aliasName, parent: keyId, createdAt: now, body: { keyId } })
  return { record: key.after, body, made: { version: version.after, changes: [key, version, alias] } }
}

/** As findKey; and a product that names its service key by the alias gets it, made where it is new. */
export async function findKeyToUse(name: string, context: KmsContext, takes: 'id' | 'id or alias'): Promise<FoundKey> {
  const isAliased = takes === 'id or alias' && name.includes(SERVICE_ALIAS)
  const product = isAliased ? productAliased(aliasCalled(name, context) ?? '') : null
  const isOwn = product !== null && product === productOf(context.caller)
  return isOwn ? serviceKeyOf(product, context) : findKey(name, context, takes)
}

/** What a call that uses a key commits and creates: the key, where the call makes it. */
export function madeWith({ record, made }: FoundKey, context: Pick<KmsContext, 'scope' | 'now' | 'ledger'>) {
  const none: { readonly changes: readonly Change[]; readonly made?: readonly Resource[] } = { changes: [] }
  return made ? { changes: made.changes, made: [newKeyResource(record.id, context)] } : none
}

/** As findKey, for calls that change the key. Refuses a service key with `code`: nobody changes those. */
export async function findUsersKey(
  name: string,
  context: KmsContext,
  takes: 'id' | 'id or alias',
  code: 'UnsupportedOperation' | 'Rejected.UnsupportedOperation' = 'UnsupportedOperation',
): Promise<FoundKey> {
  const key = await findKey(name, context, takes)
  demandUsers(key.body, code)
  return key
}

/** Refuses a service key. */
export function demandUsers(
  { product }: CmkBody,
  code: 'UnsupportedOperation' | 'Rejected.UnsupportedOperation' = 'UnsupportedOperation',
): void {
  if (product !== undefined) throw refuse(code)
}

/** Refuses a service key to everybody but its product. */
export function demandMayUse({ product }: CmkBody, { caller }: Pick<KmsContext, 'caller'>): void {
  if (product !== undefined && productOf(caller) !== product) throw refuse('UnsupportedOperation')
}
