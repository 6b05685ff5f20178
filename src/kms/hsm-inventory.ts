// The keys in an HSM, by their records.
import { type StoredMaterial, storeOf } from '../keystore/stored-material.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { childrenOf } from '../ledger/many.ts'
import type { Scope } from '../ledger/record.ts'
import { CMK, DESTRUCTION, VERSION } from './records.ts'

/** A key version whose material is in an HSM. */
export interface HsmVersion extends Scope {
  readonly material: StoredMaterial
  readonly keyId: string
  readonly versionId: string
}

type Reads = Pick<Ledger, 'byCreation' | 'page' | 'due'>

/** The key versions with material in an HSM, of one account and region. Reads all of its keys. */
export async function hsmVersions(scope: Scope, ledger: Reads): Promise<readonly HsmVersion[]> {
  const found: HsmVersion[] = []
  for await (const cmks of ledger.byCreation(CMK, scope))
    for (const cmk of cmks)
      if (cmk.body.protectionLevel === 'HSM') found.push(...(await versionsOf(cmk.id, scope, ledger)))
  return found
}

async function versionsOf(keyId: string, scope: Scope, ledger: Reads): Promise<HsmVersion[]> {
  return (await childrenOf(VERSION, scope, keyId, ledger)).flatMap(({ id, body: { material }, account, region }) =>
    material !== null && storeOf(material) === 'HSM' ? [{ account, region, material, keyId, versionId: id }] : [],
  )
}

/** The references to the objects whose destruction is still pending. */
export async function doomedMaterial(ledger: Reads): Promise<ReadonlySet<StoredMaterial>> {
  const records = await ledger.due(DESTRUCTION, Number.MAX_SAFE_INTEGER, 1_000_000)
  return new Set(records.map(({ body }) => body.material))
}
