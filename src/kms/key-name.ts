// How a call names its key: by id, by alias, or by the ARN of either (contract/kms.md 1.8).
import { formatArn, parseArn } from '../api/arn.ts'
import { refuse } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import { text } from '../api/parameters.ts'
import { at } from './key-state.ts'
import type { KmsContext } from './operation.ts'
import { ALIAS, type Alias, CMK, type Cmk, type CmkBody, VERSION, type Version } from './records.ts'

/** What naming a key takes. */
type Reads = Pick<KmsContext, 'scope' | 'ledger' | 'now'>

const KEY_ID = /^[A-Za-z0-9-]{1,64}$/
const ALIAS_NAME = /^alias\/[A-Za-z0-9_/-]{1,255}$/

/** The parameter of operations that take a key's id or ARN. */
export const keyId = text({ max: 512, rule: 'A key ID or the ARN of a key.' })
/** The parameter of operations that also take an alias. */
export const keyIdOrAlias = text({ max: 512, rule: 'A key ID, an alias (alias/…), or the ARN of either.' })
/** An alias with its prefix. */
export const aliasName = text({
  max: 261,
  pattern: ALIAS_NAME,
  rule: 'alias/ followed by 1 to 255 letters, digits, _, / or -.',
})

/** A name cut into what it names; `foreign`: the ARN of another account or region. */
type Named = { readonly key: string } | { readonly alias: string } | { readonly foreign: true }

function named(name: string, { scope }: Reads): Named {
  const arn = parseArn(name)
  if (arn && (arn.service !== 'kms' || arn.region !== scope.region || arn.account !== scope.account))
    return { foreign: true }
  const plain = arn?.resource ?? name
  if (plain.startsWith('alias/')) return { alias: plain }
  if (arn && !plain.startsWith('key/')) return { foreign: true }
  return { key: arn ? plain.slice('key/'.length) : plain }
}

/** A CMK as stored, and as it is at the moment of the call. */
export interface FoundKey {
  readonly record: Cmk
  readonly body: CmkBody
}

/** The key of an id, alias or ARN. Refuses with KeyNotFound or AliasNotFound; with Unsupported.Alias where none is taken. */
export async function findKey(name: string, context: Reads, takes: 'id' | 'id or alias'): Promise<FoundKey> {
  const which = named(name, context)
  if ('foreign' in which) throw refuse('Forbidden.KeyNotFound')
  if ('key' in which) return findKeyById(which.key, context)
  if (takes === 'id') throw refuse('Unsupported.Alias')
  const alias = await findAlias(which.alias, context)
  if (!alias) throw refuse('Forbidden.AliasNotFound')
  return findKeyById(alias.body.keyId, context)
}

/** The key with this id. Refuses with KeyNotFound. */
export async function findKeyById(id: string, context: Reads): Promise<FoundKey> {
  const key = await keyWithId(id, context)
  if (!key) throw refuse('Forbidden.KeyNotFound')
  return key
}

/** The key of an id or ARN, or null; an alias finds none. */
export async function keyByIdOrArn(name: string, context: Reads): Promise<FoundKey | null> {
  const which = named(name, context)
  return 'key' in which ? keyWithId(which.key, context) : null
}

async function keyWithId(id: string, context: Reads): Promise<FoundKey | null> {
  const record = KEY_ID.test(id) ? await context.ledger.get(CMK, context.scope, id) : null
  const body = record && at(record.body, context.now)
  return record && body ? { record, body } : null
}

/** The alias, or null; one whose key is past its deletion date is gone with it. */
export async function findAlias(name: string, context: Reads): Promise<Alias | null> {
  const alias = ALIAS_NAME.test(name) ? await context.ledger.get(ALIAS, context.scope, name) : null
  if (!alias) return null
  const key = await context.ledger.get(CMK, context.scope, alias.body.keyId)
  return key && at(key.body, context.now) ? alias : null
}

export async function findVersion(id: string, context: Reads): Promise<Version | null> {
  return context.ledger.get(VERSION, context.scope, id)
}

/** The resource of a named key, for policies and events: its id where the name resolves, else the name as sent. */
export async function keyResource(name: string, context: Reads): Promise<Resource> {
  const which = named(name, context)
  if ('foreign' in which) return { type: 'ACS::KMS::Key', name, arn: name }
  if ('key' in which) return keyResourceById(which.key, context)
  const alias = await findAlias(which.alias, context)
  return alias ? keyResourceByAlias(alias, context) : { type: 'ACS::KMS::Key', name, arn: kmsArn(context, which.alias) }
}

/** The key that an alias points to. Who may not use the key is shown the alias, which is what the call named. */
export async function keyResourceByAlias({ id, body }: Alias, context: Reads): Promise<Resource> {
  return { ...(await keyResourceById(body.keyId, context)), asked: kmsArn(context, id) }
}

/** What an operation on one key is about: the key that its parameter KeyId names. */
export async function locateKey({ KeyId }: { readonly KeyId: string }, context: Reads): Promise<Resource[]> {
  return [await keyResource(KeyId, context)]
}

/** What an operation on an alias is about: the alias that its parameter AliasName names, and the key that it points to. */
export async function locateAlias({ AliasName }: { readonly AliasName: string }, context: Reads): Promise<Resource[]> {
  const alias = await findAlias(AliasName, context)
  return [aliasResource(AliasName, context), ...(alias ? [await keyResourceByAlias(alias, context)] : [])]
}

/** The resource of the key with this id, whether it exists or not, with the tags that it has. */
export async function keyResourceById(id: string, context: Reads): Promise<Resource> {
  const record = KEY_ID.test(id) ? await context.ledger.get(CMK, context.scope, id) : null
  const resource = newKeyResource(id, context)
  return record && record.body.tags.length > 0 ? { ...resource, tags: record.body.tags } : resource
}

/** What a call is about that names no key: only a policy for all keys allows it. */
export function anyKeyResource(context: Reads): Resource {
  return { type: '', name: '', arn: keyArn('*', context) }
}

/** The resource of a key that this very call makes. */
export function newKeyResource(id: string, context: Reads): Resource {
  return { type: 'ACS::KMS::Key', name: id, arn: keyArn(id, context) }
}

export function aliasResource(name: string, context: Reads): Resource {
  return { type: 'ACS::KMS::Alias', name, arn: kmsArn(context, name) }
}

/** A container (`key` or `alias`) has an ARN for policies, and no name for events. */
export function containerResource(container: 'key' | 'alias', context: Reads): Resource {
  return { type: '', name: '', arn: kmsArn(context, container) }
}

export function keyArn(id: string, context: Reads): string {
  return kmsArn(context, `key/${id}`)
}

/** The ARN of a KMS resource in the call's account and region. */
export function kmsArn({ scope }: Pick<KmsContext, 'scope'>, resource: string): string {
  return formatArn({ service: 'kms', region: scope.region, account: scope.account, resource })
}
