// Where key material belongs: the key version, and what sealed material is bound to.

export type ProtectionLevel = 'SOFTWARE' | 'HSM'

/** The key version that an operation is about. */
export interface VersionPlace {
  readonly account: string
  readonly region: string
  readonly keyId: string
  readonly versionId: string
  readonly protectionLevel: ProtectionLevel
}

/** The associated data that binds sealed material to its key version. */
export function materialPlace({
  account,
  region,
  keyId,
  versionId,
}: Omit<VersionPlace, 'protectionLevel'>): readonly string[] {
  return ['key-version', account, region, keyId, versionId]
}
