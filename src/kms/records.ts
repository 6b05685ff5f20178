// The key service's records: CMK, key version, alias. Tags are part of their key.

import type { ProtectionLevel } from '../keystore/keystore.ts'
import { materialPlace, type StoredMaterial, storeOf } from '../keystore/stored-material.ts'
import type { Kind, Recorded } from '../ledger/record.ts'

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport'
export type Origin = 'Aliyun_KMS' | 'EXTERNAL'

/** A CMK. Times are milliseconds since 1970. */
export interface CmkBody {
  readonly description: string
  readonly keySpec: 'Aliyun_AES_256'
  readonly keyUsage: 'ENCRYPT/DECRYPT'
  readonly origin: Origin
  readonly protectionLevel: ProtectionLevel
  readonly state: KeyState
  /** When the key goes for good; only in PendingDeletion. */
  readonly deleteAt: number | null
  /** When imported material expires; null for never, or when there is none. */
  readonly materialExpiresAt: number | null
  readonly primaryVersionId: string | null
  readonly lastRotationAt: number | null
  /** How long after the newest version the next one is due; absent while automatic rotation is off. Milliseconds. */
  readonly rotationMs?: number
  /** Present while the key can't be scheduled for deletion: what its owner says about that, maybe nothing. */
  readonly deletionProtection?: string
  /** Recognizes the key's only possible imported material; survives the material's deletion. */
  readonly materialFingerprint: string | null
  readonly tags: readonly (readonly [key: string, value: string])[]
}

/** A key version; its parent is the CMK. `material` is null while there is none. */
export interface VersionBody {
  readonly keyId: string
  readonly material: StoredMaterial | null
}

/** An alias, named with its prefix `alias/`; its parent is the CMK it points to. */
export interface AliasBody {
  readonly keyId: string
}

/** Material in an HSM that no key version names any more: it is still to be destroyed there. Its id is the material's reference. */
export interface DestructionBody {
  readonly material: StoredMaterial
}

/** How many messages a key version has encrypted; of an HSM's key, how many uses are reserved. Its parent is the CMK. */
export interface UsageBody {
  readonly keyId: string
  readonly protectionLevel: ProtectionLevel
  readonly uses: number
}

export type Cmk = Recorded<CmkBody>
export type Version = Recorded<VersionBody>
export type Alias = Recorded<AliasBody>

export const CMK: Kind<CmkBody> = { name: 'cmk', counted: true }
export const VERSION: Kind<VersionBody> = { name: 'key-version', counted: false }
export const ALIAS: Kind<AliasBody> = { name: 'alias', counted: true }
export const DESTRUCTION: Kind<DestructionBody> = { name: 'material-destruction', counted: false }
export const USAGE: Kind<UsageBody> = { name: 'key-usage', counted: true }

/** Where a key version's record holds a sealed value: material of the software store. A reference into an HSM is not sealed. */
export const sealedVersion = {
  kind: VERSION,
  reseal: ({ account, region, id, body }: Version, reseal: (place: readonly string[], sealed: string) => string) => {
    if (body.material === null || storeOf(body.material) !== 'SOFTWARE') return body
    const material = reseal(materialPlace({ account, region, keyId: body.keyId, versionId: id }), body.material)
    return material === body.material ? body : { ...body, material }
  },
}
