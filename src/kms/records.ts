// The records of KMS: CMK with its tags, key version, alias, count of uses, pending destruction.
import type { Tags } from '../api/operation.ts'
import type { KeySpec, KeyUsage, ProtectionLevel } from '../keystore/key-spec.ts'
import { type StoredMaterial, storeOf } from '../keystore/stored-material.ts'
import { materialPlace } from '../keystore/version-place.ts'
import type { Kind, Recorded } from '../ledger/record.ts'

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport'
export type Origin = 'Aliyun_KMS' | 'EXTERNAL'

/** A CMK. Times are milliseconds since 1970. */
export interface CmkBody {
  readonly description: string
  readonly keySpec: KeySpec
  readonly keyUsage: KeyUsage
  readonly origin: Origin
  readonly protectionLevel: ProtectionLevel
  readonly state: KeyState
  /** When the key is deleted; null unless it is in PendingDeletion. */
  readonly deleteAt: number | null
  /** When imported material expires; null where it never does, or where there is none. */
  readonly materialExpiresAt: number | null
  /** The version that encrypts; null for a key without versions, and for every asymmetric key. */
  readonly primaryVersionId: string | null
  readonly lastRotationAt: number | null
  /** The interval of automatic rotation in milliseconds, counted from the newest version; absent while rotation is off. */
  readonly rotationMs?: number
  /** The description of the key's deletion protection, possibly empty; absent while the key is not protected. */
  readonly deletionProtection?: string
  /** The fingerprint of the imported material. No other material can be imported, even after this material was deleted. */
  readonly materialFingerprint: string | null
  readonly tags: Tags
  /** The code of the cloud product that owns this service key, such as ecs; absent in keys of users. */
  readonly product?: string
}

/** A key version; its parent is the CMK. `material` is null while the version has none. */
export interface VersionBody {
  readonly keyId: string
  readonly material: StoredMaterial | null
  /** The public key of an asymmetric key's version: Base64 of the SubjectPublicKeyInfo (DER). Operations with it need no key store. */
  readonly publicKey?: string
}

/** An alias, named with its prefix `alias/`; its parent is the CMK it points to. */
interface AliasBody {
  readonly keyId: string
}

/** An object in an HSM that no key version refers to any more and whose destruction is pending. The record's id is the reference. */
export interface DestructionBody {
  readonly material: StoredMaterial
}

/** How many messages a key version has encrypted, or, with a key in an HSM, how many uses are reserved. Its parent is the CMK. */
export interface UsageBody {
  readonly keyId: string
  /** Absent for Aliyun_AES_256. */
  readonly keySpec?: KeySpec
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

/** Returns the ids of the key versions among record keys (recordKey). */
export function versionsIn(keys: Iterable<string>): readonly string[] {
  const ids: string[] = []
  for (const key of keys) if (key.startsWith(`${VERSION.name}\n`)) ids.push(key.slice(key.lastIndexOf('\n') + 1))
  return ids
}

/** The sealed value in a key version's record: material of the software store. A reference to an object in an HSM is not sealed. */
export const sealedVersion = {
  kind: VERSION,
  member: 'material',
  placeOf: ({ account, region, id, body: { keyId, material } }: Version) =>
    material === null || storeOf(material) !== 'SOFTWARE'
      ? null
      : materialPlace({ account, region, keyId, versionId: id }),
} as const
