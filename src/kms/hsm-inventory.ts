// The keys in an HSM, by their records.
import { type StoredMaterial, storeOf } from '../keystore/stored-material.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Scope } from '../ledger/record.ts'
import { CMK, DESTRUCTION, VERSION } from './records.ts'

const AT_ONCE = 1000

/** A key version whose material is in an HSM. */
export interface HsmVersion extends Scope {
  readonly material: StoredMaterial
  readonly keyId: string
  readonly versionId: string
}

type Reads = Pick<Ledger, 'page' | 'due'>

/** The key versions with material in an HSM, of one account and region. Reads all of its keys. */
export async function hsmVersions(scope: Scope, ledger: Reads): Promise<readonly HsmVersion[]> {
  const found: HsmVersion[] = []
  for (let offset = 0; ; offset += AT_ONCE) {
    const { records } = await ledger.page(CMK, scope, { offset, limit: AT_ONCE })
    for (const cmk of records)
      if (cmk.body.protectionLevel === 'HSM') found.push(...(await versionsOf(cmk.id, scope, ledger)))
    if (records.length < AT_ONCE) return found
  }
}

async function versionsOf(keyId: string, scope: Scope, ledger: Reads): Promise<HsmVersion[]> {
  const found: HsmVersion[] = []
  for (let offset = 0; ; offset += AT_ONCE) {
    const { records } = await ledger.page(VERSION, scope, { parent: keyId, offset, limit: AT_ONCE })
    for (const { id, body, account, region } of records) {
      const { material } = body
      if (material !== null && storeOf(material) === 'HSM')
        found.push({ account, region, material, keyId, versionId: id })
    }
    if (records.length < AT_ONCE) return found
  }
}

/** The references to the objects whose destruction is still pending. */
export async function doomedMaterial(ledger: Reads): Promise<ReadonlySet<StoredMaterial>> {
  const records = await ledger.due(DESTRUCTION, Number.MAX_SAFE_INTEGER, 1_000_000)
  return new Set(records.map(({ body }) => body.material))
}
