// The resources on which policies are evaluated in calls of KMS. A name has a resource even where no key or alias has the name.

import { formatArn } from '../api/arn.ts'
import type { Resource } from '../api/operation.ts'
import { andThen, type MaybePromise } from '../runtime/maybe-promise.ts'
import { onceFor } from '../runtime/once-for.ts'
import { principalOf, productAliased } from './cloud-product.ts'
import { findAlias, isKeyId, named, type Reads } from './key-name.ts'
import type { KmsContext } from './operation.ts'
import { type Alias, CMK, type Cmk } from './records.ts'

/** Returns the resource of a named key: with the key's id where the name resolves, otherwise with the name as the caller sent it. */
export function keyResource(name: string, context: Reads): MaybePromise<Resource> {
  const which = named(name, context)
  if ('foreign' in which) return { type: 'ACS::KMS::Key', name, arn: name }
  if ('key' in which) return keyResourceById(which.key, context)
  return andThen(findAlias(which.alias, context), (alias) => {
    if (alias) return keyResourceByAlias(alias, context)
    const product = productAliased(which.alias)
    // If the product itself calls, the call creates the service key.
    if (product !== null) return { ...aliasResource(which.alias, context), usedBy: principalOf(product) }
    return { type: 'ACS::KMS::Key', name, arn: kmsArn(context, which.alias) }
  })
}

/** Returns the resource of the key that an alias points to. A denial shows only the alias, which the caller knows. */
function keyResourceByAlias({ id, body }: Alias, context: Reads): MaybePromise<Resource> {
  return andThen(keyResourceById(body.keyId, context), (key) => ({ ...key, asked: kmsArn(context, id) }))
}

/** Locates the key that the parameter KeyId names. */
export function locateKey({ KeyId }: { readonly KeyId: string }, context: Reads): MaybePromise<Resource[]> {
  return andThen(keyResource(KeyId, context), (key) => [key])
}

/** Locates the alias that the parameter AliasName names, and the key that it points to. */
export async function locateAlias({ AliasName }: { readonly AliasName: string }, context: Reads): Promise<Resource[]> {
  const alias = await findAlias(AliasName, context)
  return [aliasResource(AliasName, context), ...(alias ? [await keyResourceByAlias(alias, context)] : [])]
}

/** Returns the resource of the key with this id, with its tags; the key need not exist. */
export function keyResourceById(id: string, context: Reads): MaybePromise<Resource> {
  if (id === '*') return everyKeyResource(context)
  const found = isKeyId(id) ? context.ledger.get(CMK, context.scope, id) : null
  return andThen(found, (record) => (record ? resourceOf(record) : newKeyResource(id, context)))
}

/** The resource of a key that exists. */
const resourceOf = onceFor((record: Cmk): Resource => {
  const { tags, product } = record.body
  return {
    ...newKeyResource(record.id, { scope: record }),
    ...(product !== undefined ? { usedBy: principalOf(product) } : tags.length > 0 && { tags }),
  }
})

/** Returns the resource of calls that name no key. Only a policy on all keys allows such a call. */
export function anyKeyResource(context: Reads): Resource {
  return { type: '', name: '', arn: keyArn('*', context) }
}

/** Returns the resource that stands for every key of the account and region, for calls whose reply reveals something about each key. */
export function everyKeyResource(context: Reads): Resource {
  return { ...anyKeyResource(context), every: true }
}

/** Returns the resource of a key that this call creates. */
export function newKeyResource(id: string, context: Pick<Reads, 'scope'>): Resource {
  return { type: 'ACS::KMS::Key', name: id, arn: keyArn(id, context) }
}

export function aliasResource(name: string, context: Reads): Resource {
  return { type: 'ACS::KMS::Alias', name, arn: kmsArn(context, name) }
}

/** Returns the resource that stands for all keys, aliases or secrets: an ARN for policies, without a name for events. */
export function containerResource(container: 'key' | 'alias' | 'secret', context: Reads): Resource {
  return { type: '', name: '', arn: kmsArn(context, container) }
}

export function keyArn(id: string, context: Pick<Reads, 'scope'>): string {
  return kmsArn(context, `key/${id}`)
}

/** Returns the ARN of a KMS resource in the call's account and region. */
export function kmsArn({ scope }: Pick<KmsContext, 'scope'>, resource: string): string {
  return formatArn({ service: 'kms', region: scope.region, account: scope.account, resource })
}
