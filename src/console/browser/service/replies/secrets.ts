// The members of replies that pages read, in the words of the API: secrets.

interface SecretTag {
  readonly TagKey: string
  readonly TagValue: string
}

/** A secret in a list. */
export interface ListedSecret {
  readonly SecretName: string
  readonly SecretType: 'Generic' | 'RAMCredentials' | 'Rds'
  readonly CreateTime: string
  readonly UpdateTime: string
  /** Absent unless the secret is scheduled for deletion. */
  readonly PlannedDeleteTime?: string
  readonly Tags?: { readonly Tag: readonly SecretTag[] }
}

export interface Secrets {
  readonly SecretList: { readonly Secret: readonly ListedSecret[] }
  readonly TotalCount: number
}

export interface SecretMetadata extends ListedSecret {
  readonly Arn: string
  readonly Description: string
  /** Absent if the service's own key encrypts the values. */
  readonly EncryptionKeyId?: string
  // Of secrets that the service rotates.
  readonly AutomaticRotation?: 'Enabled' | 'Disabled' | 'Invalid'
  /** In seconds, such as 86400s. */
  readonly RotationInterval?: string
  readonly LastRotationDate?: string
  readonly NextRotationDate?: string
  readonly RotationFault?: string
  /** `ExtendedConfig` in JSON. */
  readonly ExtendedConfig?: string
}

/** The owner of the credential in a rotated secret. */
export interface ExtendedConfig {
  readonly SecretSubType?: 'RamUserAccessKey' | 'SingleUser' | 'DoubleUsers'
  readonly UserName?: string
  readonly DBInstanceId?: string
}

export interface SecretVersion {
  readonly VersionId: string
  readonly CreateTime: string
  readonly VersionStages: { readonly VersionStage: readonly string[] }
}

export interface SecretVersions {
  readonly VersionIds: { readonly VersionId: readonly SecretVersion[] }
  readonly TotalCount: number
}

export interface SecretValue {
  readonly SecretData: string
}
