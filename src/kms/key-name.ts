// The names of keys in calls (an id, an alias, or the ARN of either), and the look-up of a named key. key-resource.ts turns names into the
// resources of policies.
import { parseArn } from '../api/arn.ts'
import { refuse } from '../api/errors.ts'
import { text } from '../api/parameters.ts'
import type { Change } from '../ledger/record.ts'
import { andThen, type MaybePromise } from '../runtime/maybe-promise.ts'
import { at } from './key-state.ts'
import type { KmsContext } from './operation.ts'
import { ALIAS, type Alias, CMK, type Cmk, type CmkBody, VERSION, type Version } from './records.ts'

/** The part of a call's context that resolves names. */
export type Reads = Pick<KmsContext, 'scope' | 'ledger' | 'now'>

const KEY_ID = /^[A-Za-z0-9-]{1,64}$/
const ALIAS_NAME = /^alias\/[A-Za-z0-9_/-]{1,255}$/

/** The parameter KeyId of operations that take an id or an ARN. */
export const keyId = text({ max: 512, rule: 'A key ID or the ARN of a key.' })
/** The parameter KeyId of operations that take an alias too. */
export const keyIdOrAlias = text({ max: 512, rule: 'A key ID, an alias (alias/…), or the ARN of either.' })
/** The parameter AliasName: an alias with its prefix. */
export const aliasName = text({
  max: 261,
  pattern: ALIAS_NAME,
  rule: 'alias/ followed by 1 to 255 letters, digits, _, / or -.',
})

/** Whether a key may have this id. */
export function isKeyId(id: string): boolean {
  return KEY_ID.test(id)
}

/** A parsed name. `foreign`: the ARN of another account or region, or of no key. */
export type Named = { readonly key: string } | { readonly alias: string } | { readonly foreign: true }

/** Parses a name, without looking up whether the key or alias exists. */
export function named(name: string, { scope }: Pick<Reads, 'scope'>): Named {
  const arn = parseArn(name)
  if (arn && (arn.service !== 'kms' || arn.region !== scope.region || arn.account !== scope.account))
    return { foreign: true }
  const plain = arn?.resource ?? name
  if (plain.startsWith('alias/')) return { alias: plain }
  if (arn && !plain.startsWith('key/')) return { foreign: true }
  return { key: arn ? plain.slice('key/'.length) : plain }
}

/** A CMK: its record, and its body at the time of the call. */
export interface FoundKey {
  readonly record: Cmk
  readonly body: CmkBody
  /** Set where this call makes the key: its version, and the changes to commit. */
  readonly created?: { readonly version: Version; readonly changes: readonly Change[] }
}

/** Returns the key of an id, alias or ARN. Refuses with Forbidden.KeyNotFound or Forbidden.AliasNotFound; with Unsupported.Alias where the operation takes no alias. */
export function findKey(name: string, context: Reads, takes: 'id' | 'id or alias'): MaybePromise<FoundKey> {
  const which = named(name, context)
  if ('foreign' in which) throw refuse('Forbidden.KeyNotFound')
  if ('key' in which) return findKeyById(which.key, context)
  if (takes === 'id') throw refuse('Unsupported.Alias')
  return andThen(findAlias(which.alias, context), (alias) => {
    if (!alias) throw refuse('Forbidden.AliasNotFound')
    return findKeyById(alias.body.keyId, context)
  })
}

/** Returns the alias in a name or ARN; null for any other name. */
export function aliasCalled(name: string, context: Reads): string | null {
  const which = named(name, context)
  return 'alias' in which ? which.alias : null
}

/** Returns the key with this id. Refuses with Forbidden.KeyNotFound. */
export function findKeyById(id: string, context: Reads): MaybePromise<FoundKey> {
  return andThen(recordOf(id, context), (record) => {
    const key = foundAt(record, context)
    if (!key) throw refuse('Forbidden.KeyNotFound')
    return key
  })
}

/** Returns the key of an id or ARN; null for an unknown key and for an alias. */
export async function keyByIdOrArn(name: string, context: Reads): Promise<FoundKey | null> {
  const which = named(name, context)
  return 'key' in which ? foundAt(await recordOf(which.key, context), context) : null
}

function recordOf(id: string, { ledger, scope }: Reads): MaybePromise<Cmk | null> {
  return isKeyId(id) ? ledger.get(CMK, scope, id) : null
}

function foundAt(record: Cmk | null, { now }: Reads): FoundKey | null {
  const body = record && at(record.body, now)
  return body && { record, body }
}

/** Returns the alias; null when there is none, or when its key's deletion date has passed. */
export function findAlias(name: string, { ledger, scope, now }: Reads): MaybePromise<Alias | null> {
  return andThen(ALIAS_NAME.test(name) ? ledger.get(ALIAS, scope, name) : null, (alias) => {
    if (!alias) return null
    return andThen(ledger.get(CMK, scope, alias.body.keyId), (key) => (key && at(key.body, now) ? alias : null))
  })
}

export function findVersion(id: string, context: Reads): MaybePromise<Version | null> {
  return context.ledger.get(VERSION, context.scope, id)
}
