// Service keys: the key of a cloud product in an account and region (docs/products.md). The product's first use creates it, and only the
// product can use it.
import { refuse } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import { type Change, insert } from '../ledger/record.ts'
import type { MaybePromise } from '../runtime/maybe-promise.ts'
import { KMS_CALLER, productAliased, productOf, SERVICE_ALIAS } from './cloud-product.ts'
import { aliasCalled, type FoundKey, findAlias, findKey, findKeyById } from './key-name.ts'
import { newKeyResource } from './key-resource.ts'
import { newSoftwareKey } from './key-state.ts'
import type { KmsContext } from './operation.ts'
import { ALIAS, CMK, type CmkBody, VERSION } from './records.ts'
import { newVersion } from './version.ts'

/** The context for creating and using a service key, of a call or of background work. */
export type ValueContext = Pick<
  KmsContext,
  'caller' | 'scope' | 'now' | 'ledger' | 'keystore' | 'messageKeys' | 'newRecordId' | 'randomBytes'
>

/** Returns the context with the key service as the caller, for the use of keys in its own work. */
export function asKms({ scope, now, ledger, keystore }: Omit<ValueContext, 'caller'>) {
  return { scope, now, ledger, keystore, caller: KMS_CALLER }
}

/**
 * Returns the service key of the product in the account and region of the call. At the product's first use the key is new; the call must
 * then commit `created.changes`. If several calls create it at the same time, only one succeeds, since the alias can be inserted once; the
 * others are decided again.
 */
export async function serviceKeyOf(product: string, context: ValueContext): Promise<FoundKey> {
  const name = SERVICE_ALIAS + product
  const alias = await findAlias(name, context)
  return alias ? findKeyById(alias.body.keyId, context) : newServiceKey(product, name, context)
}

async function newServiceKey(product: string, aliasName: string, context: ValueContext): Promise<FoundKey> {
  const { scope, now } = context
  const [keyId, versionId] = [context.newRecordId(), context.newRecordId()]
  const body = { ...newSoftwareKey(versionId, now), product }
  const key = insert(CMK, { ...scope, id: keyId, createdAt: now, body })
  const version = insert(VERSION, await newVersion({ id: keyId, body }, versionId, context))
  const alias = insert(ALIAS, { ...scope, id: aliasName, parent: keyId, createdAt: now, body: { keyId } })
  return { record: key.after, body, created: { version: version.after, changes: [key, version, alias] } }
}

/** As findKey for an id or an alias. A product that names its service key by the alias gets that key, which is created if it is missing. */
export function findKeyToUse(name: string, context: KmsContext): MaybePromise<FoundKey> {
  const product = name.includes(SERVICE_ALIAS) ? productAliased(aliasCalled(name, context) ?? '') : null
  const isOwn = product !== null && product === productOf(context.caller)
  return isOwn ? serviceKeyOf(product, context) : findKey(name, context, 'id or alias')
}

/** The changes and the created resources of a call that uses a key: those of the key itself, if the call creates it. */
export function createdWith({ record, created }: FoundKey, context: Pick<KmsContext, 'scope' | 'now' | 'ledger'>) {
  const none: { readonly changes: readonly Change[]; readonly created?: readonly Resource[] } = { changes: [] }
  return created ? { changes: created.changes, created: [newKeyResource(record.id, context)] } : none
}

/** As findKey, for calls that change the key. Refuses a service key with `code`, since nobody can change service keys. */
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

/** Refuses a service key, unless its own product calls. */
export function demandMayUse({ product }: CmkBody, { caller }: Pick<KmsContext, 'caller'>): void {
  if (product !== undefined && productOf(caller) !== product) throw refuse('UnsupportedOperation')
}
