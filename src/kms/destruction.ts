// Destruction of a CMK's material, or of the CMK with its versions, aliases and counts.
import type { Keystore } from '../keystore/keystore.ts'
import { type StoredMaterial, storeOf } from '../keystore/stored-material.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { childrenOf } from '../ledger/many.ts'
import { type Change, insert, type Kind, remove, type Scope, update } from '../ledger/record.ts'
import { recordKey } from '../storage/storage.ts'
import { ALIAS, CMK, type Cmk, DESTRUCTION, USAGE, VERSION, type Version } from './records.ts'
import type { MessageKeys } from './secrets/message-keys.ts'
import { SECRET_VALUE, type SecretValue } from './secrets/records.ts'

type Reads = { readonly ledger: Pick<Ledger, 'get' | 'page'> }

/** Returns the changes that remove the material of the CMK's versions. The versions remain. */
export async function destroyMaterial(cmk: Cmk, { ledger }: Reads, now: number): Promise<Change[]> {
  return (await childrenOf(VERSION, cmk, cmk.id, ledger)).flatMap((version) =>
    version.body.material === null
      ? []
      : [
          update(version, { body: { ...version.body, material: null } }, true),
          ...destructionOf(version.body.material, cmk, now),
        ],
  )
}

/**
 * Returns the record that orders the destruction of an object in an HSM; nothing for software material. The commit that removes the last
 * reference to the object also inserts this record, so a crash or an unreachable device only delays the destruction.
 */
export function destructionOf(material: StoredMaterial, { account, region }: Scope, now: number): Change[] {
  if (storeOf(material) !== 'HSM') return []
  return [insert(DESTRUCTION, { account, region, id: material, createdAt: now, dueAt: now, body: { material } })]
}

/** Returns the changes that remove the CMK, its versions with their material, its aliases and its counts. */
export async function destroyKey(cmk: Cmk, { ledger }: Reads, now: number): Promise<Change[]> {
  const versions = await removals(VERSION, cmk, ledger, true)
  return [
    remove(CMK, cmk),
    ...versions,
    ...versions.flatMap((change) => {
      const material = materialBefore(change)
      return material === null ? [] : destructionOf(material, cmk, now)
    }),
    ...(await removals(ALIAS, cmk, ledger, false)),
    ...(await removals(USAGE, cmk, ledger, false)),
  ]
}

async function removals<B>(kind: Kind<B>, cmk: Cmk, ledger: Reads['ledger'], scrub: boolean): Promise<Change[]> {
  return (await childrenOf(kind, cmk, cmk.id, ledger)).map((record) => remove(kind, record, scrub))
}

/** Wipes from memory the material that committed changes destroyed, and the message keys of values that are gone or under that material. */
export function forgetDestroyed(
  changes: readonly Change[],
  { keystore, messageKeys }: { readonly keystore: Keystore; readonly messageKeys: MessageKeys },
): void {
  for (const change of changes) {
    if (change.change !== 'update' && change.change !== 'delete') continue
    const { before } = change
    if (before.kind === SECRET_VALUE.name) messageKeys.forget(before as SecretValue)
    const material = materialBefore(change)
    if (material === null || material === materialAfter(change)) continue
    keystore.forget(material, before.id)
    messageKeys.drop([recordKey(before.kind, before.account, before.region, before.id)])
  }
}

/** Destroys the objects that a call created in the key store, after its commit failed. `strongroom hsm check` finds any that remain. */
export function destroyUncommitted(changes: readonly Change[], keystore: Keystore): void {
  for (const change of changes) {
    const material = materialAfter(change)
    if (material !== null && material !== materialBefore(change)) keystore.destroy(material).catch(() => {})
  }
}

function materialBefore(change: Change): StoredMaterial | null {
  return 'before' in change && change.before.kind === VERSION.name ? (change.before as Version).body.material : null
}

function materialAfter(change: Change): StoredMaterial | null {
  return 'after' in change && change.after.kind === VERSION.name ? (change.after as Version).body.material : null
}
