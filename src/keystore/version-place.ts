// Where key material belongs: the key version, and what sealed material is bound to.
import type { KeySpec, ProtectionLevel } from './key-spec.ts'

/** The key version that an operation is about. */
export interface VersionPlace {
  readonly account: string
  readonly region: string
  readonly keyId: string
  readonly versionId: string
  readonly keySpec: KeySpec
  readonly protectionLevel: ProtectionLevel
}

/** The associated data that binds sealed material to its key version. */
export function materialPlace({
  account,
  region,
  keyId,
  versionId,
}: Omit<VersionPlace, 'keySpec' | 'protectionLevel'>): readonly string[] {
  return ['key-version', account, region, keyId, versionId]
}
