// The place of key material: its key version, to which sealed material is bound.
import type { KeySpec, ProtectionLevel } from './key-spec.ts'

/** The key version of an operation. */
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
