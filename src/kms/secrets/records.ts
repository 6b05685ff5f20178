// The records of secrets. A secret lists its versions and their stages, so that its revision alone orders everything that happens to them;
// the record of a version holds nothing but the sealed value, and never changes.
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

/** The automatic rotation of a secret that is not Generic. */
export interface SecretRotation {
  readonly enabled: boolean
  /** Milliseconds; null where none was ever set. */
  readonly intervalMs: number | null
  readonly lastAt: number | null
  /** When the next rotation is due; null while rotation is off. */
  readonly nextAt: number | null
}

/** A version, as its secret lists it. A stage is a label that one version of the secret has at a time. */
export interface SecretVersion {
  readonly id: string
  readonly createdAt: number
  readonly stages: readonly string[]
}

/** The value of a version; its parent is the secret. */
export interface SecretValueBody {
  readonly dataType: SecretDataType
  readonly keyVersionId: string
  /** The data key, as the CMK encrypted it: a CiphertextBlob. */
  readonly dataKey: string
  /** The value under the data key, in Base64 (docs/reference/formats.md, "Value of a secret"). */
  readonly sealed: string
}

export type Secret = Recorded<SecretBody>
export type SecretValue = Recorded<SecretValueBody>

export const SECRET: Kind<SecretBody> = { name: 'secret', counted: true }
export const SECRET_VALUE: Kind<SecretValueBody> = { name: 'secret-version', counted: false }

/** The id of a version's record. Names hold no colon. */
export function valueId(secretName: string, versionId: string): string {
  return `${secretName}:${versionId}`
}
