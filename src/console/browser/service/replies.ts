// The members of replies that pages read, in the words of the API.

export interface KeyMetadata {
  readonly KeyId: string
  readonly Arn: string
  readonly CreationDate: string
  readonly Description: string
  readonly KeyState: KeyState
  readonly KeyUsage: 'ENCRYPT/DECRYPT' | 'SIGN/VERIFY'
  readonly KeySpec: string
  readonly Creator: string
  readonly Origin: 'Aliyun_KMS' | 'EXTERNAL'
  readonly ProtectionLevel: 'SOFTWARE' | 'HSM'
  readonly DeleteDate: string
  readonly MaterialExpireTime: string
  readonly PrimaryKeyVersion?: string
  readonly LastRotationDate?: string
  readonly AutomaticRotation: 'Enabled' | 'Disabled' | 'Suspended'
  readonly RotationInterval?: string
  readonly NextRotationDate?: string
  readonly DeletionProtection: 'Enabled' | 'Disabled'
  readonly DeletionProtectionDescription?: string
}

export const KEY_STATES = ['Enabled', 'Disabled', 'PendingImport', 'PendingDeletion'] as const
export type KeyState = (typeof KEY_STATES)[number]

export interface Alias {
  readonly KeyId: string
  readonly AliasName: string
}

export interface Aliases {
  readonly Aliases: { readonly Alias: readonly Alias[] }
  readonly TotalCount: number
}

export interface Keys {
  readonly Keys: { readonly Key: readonly { readonly KeyId: string; readonly KeyArn: string }[] }
  readonly TotalCount: number
}

export interface KeyVersion {
  readonly KeyVersionId: string
  readonly CreationDate: string
}

export interface KeyVersions {
  readonly KeyVersions: { readonly KeyVersion: readonly KeyVersion[] }
  readonly TotalCount: number
}

export interface KeyTags {
  readonly Tags: { readonly Tag: readonly { readonly TagKey: string; readonly TagValue: string }[] }
}

export interface TrailEvent {
  readonly eventId: string
  readonly eventName: string
  readonly eventType: string
  readonly eventRW: string
  readonly eventTime: string
  readonly serviceName: string
  readonly sourceIpAddress?: string
  readonly errorCode?: string
  readonly errorMessage?: string
  readonly additionalEventData?: {
    /** Why policies refused the call; the statement is named where one denies it. */
    readonly AccessDeniedDetail?: {
      readonly AuthAction: string
      readonly AuthResource: string
      readonly NoPermissionType: 'ExplicitDeny' | 'ImplicitDeny'
      readonly PolicyName?: string
      readonly PolicyVersion?: string
      readonly StatementIndex?: string
    }
  }
  readonly userIdentity?: {
    readonly type?: string
    readonly userName?: string
    readonly accessKeyId?: string
    readonly principalId?: string
  }
  readonly referencedResources?: Readonly<Record<string, readonly string[]>>
  readonly resourceName?: string
  readonly resourceType?: string
}

export interface Events {
  readonly Events: readonly TrailEvent[]
  readonly NextToken?: string
}

export interface Paged {
  readonly IsTruncated?: boolean
  readonly Marker?: string
}

export interface User {
  readonly UserId: string
  readonly UserName: string
  readonly DisplayName: string
  readonly Comments: string
  readonly Email: string
  readonly MobilePhone: string
  readonly CreateDate: string
  readonly LastLoginDate?: string
}

export interface Group {
  readonly GroupName: string
  readonly Comments: string
  readonly CreateDate?: string
}

export interface OidcProvider {
  readonly OIDCProviderName: string
  readonly Arn: string
  readonly IssuerUrl: string
  /** Separated by commas. */
  readonly ClientIds?: string
  readonly Fingerprints?: string
  readonly Description: string
  readonly IssuanceLimitTime: number
  readonly CreateDate: string
}

export interface Role {
  readonly RoleName: string
  readonly Arn: string
  readonly Description: string
  readonly MaxSessionDuration: number
  readonly CreateDate: string
  readonly AssumeRolePolicyDocument?: string
}

export interface Policy {
  readonly PolicyName: string
  readonly PolicyType: 'System' | 'Custom'
  readonly Description: string
  readonly DefaultVersion: string
  readonly CreateDate?: string
  readonly AttachDate?: string
  readonly AttachmentCount?: number
}

export interface PolicyVersion {
  readonly VersionId: string
  readonly IsDefaultVersion: boolean
  readonly PolicyDocument: string
  readonly CreateDate: string
}

export interface AccessKey {
  readonly AccessKeyId: string
  readonly AccessKeySecret?: string
  readonly Status: 'Active' | 'Inactive'
  readonly CreateDate: string
}

export interface EventChain {
  /** Numbers about the events of all accounts are for the operator's account alone, here and below. */
  readonly Events?: number
  readonly Checkpoint?: { readonly Events: number; readonly Time: string }
  readonly CheckpointLagSeconds?: number
  readonly CheckpointLate: boolean
  /** The last one that the account asked for. */
  readonly Verification?: Verification
}

export interface Verification {
  readonly State: 'Waiting' | 'Running' | 'Intact' | 'NotIntact' | 'Canceled' | 'Failed'
  readonly StartTime?: string
  readonly EndTime?: string
  readonly EndedAt?: string
  readonly Seconds: number
  readonly Percent: number
  readonly SeenEvents?: number
  readonly TotalEvents?: number
  /** With a fault: how many of `SeenEvents` something signed confirms. */
  readonly ConfirmedEvents?: number
  readonly Fault?: { readonly Kind: FaultKind; readonly Event?: string; readonly Message: string }
}

type FaultKind =
  | 'Altered'
  | 'Missing'
  | 'Moved'
  | 'Inserted'
  | 'Rewritten'
  | 'Cut'
  | 'LaneMissing'
  | 'CheckpointForged'
  | 'CheckpointMissing'
  | 'IndexAltered'

export interface Trail {
  readonly Name: string
  readonly OssBucketName?: string
  readonly OssKeyPrefix?: string
  readonly EventRW: 'All' | 'Read' | 'Write'
}

export interface TrailStatus {
  readonly IsLogging: boolean
  /** Whether the last attempt to deliver succeeded; absent without a bucket. */
  readonly OssBucketStatus?: boolean
  readonly LatestDeliveryTime?: string
  readonly LatestDeliveryError?: string
}

export interface DueKeys {
  readonly Keys: {
    readonly Key: readonly {
      readonly KeyId: string
      readonly Due: 'Deletion' | 'MaterialExpiry'
      readonly DueDate: string
    }[]
  }
  readonly TotalCount: number
  readonly IsTruncated: boolean
}

export interface AccountQuotas {
  readonly Quotas: {
    readonly Quota: readonly {
      readonly Name: 'Keys' | 'Aliases' | 'Secrets'
      readonly Used: number
      readonly Limit: number
    }[]
  }
}

type Counted = 'Users' | 'Groups' | 'Roles' | 'Policies'

export interface AccountSummary {
  readonly SummaryMap: Readonly<Record<Counted | `${Counted}Quota` | 'MFADevices' | 'VirtualMFADevicesQuota', number>>
}

export interface HsmTokens {
  readonly Tokens: { readonly Token: readonly HsmToken[] }
}

/** Texts are '' where the token did not say them. */
export interface HsmToken {
  readonly Name: string
  readonly State: 'Serving' | 'Away' | 'PinRefused'
  readonly Reason: string
  readonly Label: string
  readonly Manufacturer: string
  readonly Model: string
  readonly SerialNumber: string
  readonly Firmware: string
  readonly Abilities: {
    readonly Ability: readonly { readonly Name: string; readonly Supported: boolean; readonly Reason?: string }[]
  }
}

export interface SecretTag {
  readonly TagKey: string
  readonly TagValue: string
}

/** A secret in a list. */
export interface ListedSecret {
  readonly SecretName: string
  readonly SecretType: 'Generic' | 'RAMCredentials' | 'Rds'
  readonly CreateTime: string
  readonly UpdateTime: string
  /** Absent unless its deletion is planned. */
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
  /** Absent where the service's own key encrypts the values. */
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

/** Whose credential a secret has that the service rotates. */
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
