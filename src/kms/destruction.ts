// Destroying: material of a CMK, or the CMK with all that hangs on it.
import type { Keystore } from '../keystore/keystore.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Change, type Kind, remove, update } from '../ledger/record.ts'
import { ALIAS, CMK, type Cmk, VERSION, type Version } from './records.ts'

type Reads = { readonly ledger: Pick<Ledger, 'get' | 'page'> }

const AT_ONCE = 1000

/** The changes that remove the material of the CMK's versions and leave the versions. */
export async function destroyMaterial(cmk: Cmk, { ledger }: Reads): Promise<Change[]> {
  const { records } = await ledger.page(VERSION, cmk, { parent: cmk.id, offset: 0, limit: AT_ONCE })
  return records
    .filter(({ body }) => body.material !== null)
    .map((version) => update(version, { body: { ...version.body, material: null } }, true))
}

/** The changes that remove the CMK, its versions with their material, and its aliases. */
export async function destroyKey(cmk: Cmk, { ledger }: Reads): Promise<Change[]> {
  return [
    remove(CMK, cmk),
    ...(await removals(VERSION, cmk, ledger, true)),
    ...(await removals(ALIAS, cmk, ledger, false)),
  ]
}

async function removals<B>(kind: Kind<B>, cmk: Cmk, ledger: Reads['ledger'], scrub: boolean): Promise<Change[]> {
  const changes: Change[] = []
  for (let offset = 0; ; offset += AT_ONCE) {
    const { records } = await ledger.page(kind, cmk, { parent: cmk.id, offset, limit: AT_ONCE })
    changes.push(...records.map((record) => remove(kind, record, scrub)))
    if (records.length < AT_ONCE) return changes
  }
}

/** Makes the key store forget material that committed changes destroyed. */
export function forgetDestroyed(changes: readonly Change[], keystore: Keystore): void {
  for (const change of changes) {
    if (!('before' in change) || change.before.kind !== VERSION.name) continue
    const { material } = (change.before as Version).body
    if (material !== null) keystore.forget(material)
  }
}
