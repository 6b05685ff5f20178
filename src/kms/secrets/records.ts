// The records of secrets. A secret lists its versions and their stages, so its revision orders all changes of them. The record of a version
// contains only the sealed value, and never changes.
import type { Kind, Recorded } from '../../ledger/record.ts'
import type { CmkBody } from '../records.ts'

export type SecretType = 'Generic' | 'RAMCredentials' | 'Rds'
export type SecretDataType = 'text' | 'binary'

/** A secret, whose record's id is its name. Times are milliseconds since 1970. */
export interface SecretBody {
  readonly secretType: SecretType
  readonly description: string
  /** The CMK that the user chose for the values; null where the service's own key encrypts them. */
  readonly encryptionKeyId: string | null
  readonly updatedAt: number
  /** When the secret is deleted; null unless its deletion is planned. */
  readonly deleteAt: number | null
  /** The text of ExtendedConfig, a JSON object; null for a Generic secret. */
  readonly extendedConfig: string | null
  /** null for a Generic secret. */
  readonly rotation: SecretRotation | null
  /** By creation, the oldest first. */
  readonly versions: readonly SecretVersion[]
  readonly tags: CmkBody['tags']
}

/** What a rotation changes: the AccessKeys of a RAM user, or the password of an account in a database. */
export type RotationTarget =
  | { readonly userId: string }
  | { readonly instanceId: string /** Whether two accounts take turns. */; readonly isDouble: boolean }

/** The rotation of a secret that is not Generic. */
export interface SecretRotation {
  readonly target: RotationTarget
  /** Of automatic rotation, in milliseconds; null while that is off. */
  readonly intervalMs: number | null
  /** The time of the last rotation; null before the first. */
  readonly lastAt: number | null
  /** When the next automatic rotation is due; null while that is off. */
  readonly nextAt: number | null
  /** The rotation that RotateSecret requested, until a server begins it. */
  readonly requested?: { readonly versionId: string; readonly at: number }
  /** The version whose password is not in the database yet. A record of SECRET_ROTATION has the attempts. */
  readonly pending?: string
  /** Why the last attempt failed, and when the next attempt begins; absent where it did not fail. */
  readonly fault?: string
  readonly retryAt?: number
  /** The AccessKey before the current one, with the times of its retirement. */
  readonly retiring?: {
    readonly accessKeyId: string
    readonly disableAt: number
    readonly deleteAt: number
    readonly isDisabled: boolean
  }
}

/** A version, as its secret lists it. A stage is a label that one version of the secret has at a time. */
export interface SecretVersion {
  readonly id: string
  readonly createdAt: number
  readonly stages: readonly string[]
  /** The AccessKeyId or the account name that belongs to the secret value; absent in a Generic secret. */
  readonly credentialId?: string
}

/** A password that still has to be set in a database. The record is due when the next attempt may begin. */
interface RotationBody {
  readonly versionId: string
  /** How many attempts began. */
  readonly attempts: number
}

/** The value of a version; its parent is the secret. */
interface SecretValueBody {
  readonly dataType: SecretDataType
  readonly keyVersionId: string
  /** The data key, as the CMK encrypted it: a CiphertextBlob. */
  readonly dataKey: string
  /** The value under the data key, in Base64 (docs/reference/formats.md, "Value of a secret"). */
  readonly sealed: string
}

export type Secret = Recorded<SecretBody>
export type SecretValue = Recorded<SecretValueBody>
/** The record's id and parent are the secret's name. */
export type DatabaseRotation = Recorded<RotationBody>

export const SECRET: Kind<SecretBody> = { name: 'secret', counted: true }
export const SECRET_ROTATION: Kind<RotationBody> = { name: 'secret-rotation', counted: false }
export const SECRET_VALUE: Kind<SecretValueBody> = { name: 'secret-version', counted: false }

/** The id of a version's record. It is unique because names of secrets contain no colon. */
export function valueId(secretName: string, versionId: string): string {
  return `${secretName}:${versionId}`
}
