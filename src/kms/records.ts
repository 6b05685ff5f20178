// The key service's records: CMK, key version, alias. Tags are part of their key.

import type { SealedMaterial } from '../keystore/keystore.ts'
import { sealPlace } from '../keystore/software.ts'
import type { Kind, Recorded } from '../ledger/record.ts'

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport'
export type Origin = 'Aliyun_KMS' | 'EXTERNAL'

/** A CMK. Times are milliseconds since 1970. */
export interface CmkBody {
  readonly description: string
  readonly keySpec: 'Aliyun_AES_256'
  readonly keyUsage: 'ENCRYPT/DECRYPT'
  readonly origin: Origin
  readonly protectionLevel: 'SOFTWARE'
  readonly state: KeyState
  /** When the key goes for good; only in PendingDeletion. */
  readonly deleteAt: number | null
  /** When imported material expires; null for never, or when there is none. */
  readonly materialExpiresAt: number | null
  readonly primaryVersionId: string | null
  readonly lastRotationAt: number | null
  /** Recognizes the key's only possible imported material; survives the material's deletion. */
  readonly materialFingerprint: string | null
  readonly tags: readonly (readonly [key: string, value: string])[]
}

/** A key version; its parent is the CMK. `material` is null while there is none. */
export interface VersionBody {
  readonly keyId: string
  readonly material: SealedMaterial | null
}

/** An alias, named with its prefix `alias/`; its parent is the CMK it points to. */
export interface AliasBody {
  readonly keyId: string
}

export type Cmk = Recorded<CmkBody>
export type Version = Recorded<VersionBody>
export type Alias = Recorded<AliasBody>

export const CMK: Kind<CmkBody> = { name: 'cmk', counted: true }
export const VERSION: Kind<VersionBody> = { name: 'key-version', counted: false }
export const ALIAS: Kind<AliasBody> = { name: 'alias', counted: true }

/** Where a key version's record holds a sealed value: material of the software store. Another store's opens under no root key. */
export const sealedVersion = {
  kind: VERSION,
  sealAnew: ({ account, region, id, body }: Version, anew: (place: readonly string[], sealed: string) => string) => {
    if (body.material === null) return body
    const material = anew(sealPlace({ account, region, keyId: body.keyId, versionId: id }), body.material)
    return material === body.material ? body : { ...body, material }
  },
}
