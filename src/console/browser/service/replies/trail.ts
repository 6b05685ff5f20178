// The members of replies that pages read, in the words of the API: events and trails.

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

/** Why policies denied a call; the statement is named where one denies it. */
export interface Denial {
  readonly AuthAction: string
  readonly AuthResource: string
  readonly NoPermissionType: 'ExplicitDeny' | 'ImplicitDeny'
  readonly PolicyType: 'IdentityBased' | 'SessionPolicy' | 'TrustPolicy'
  readonly PolicyName?: string
  readonly PolicyVersion?: string
  readonly StatementIndex?: string
}

export interface TrailEvent {
  readonly eventId: string
  readonly eventName: string
  readonly eventType: string
  readonly eventRW: string
  readonly eventTime: string
  readonly serviceName: string
  readonly recipientAccountId: string
  readonly sourceIpAddress?: string
  readonly errorCode?: string
  readonly errorMessage?: string
  readonly additionalEventData?: {
    readonly AccessDeniedDetail?: Denial
  }
  readonly userIdentity?: {
    readonly type?: string
    readonly accountId?: string
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

export interface EventChain {
  /** Numbers about the events of all accounts are for the operator's account alone, here and below. */
  readonly Events?: number
  readonly Checkpoint?: { readonly Events: number; readonly Time: string }
  readonly CheckpointLagSeconds?: number
  readonly CheckpointLate: boolean
  /** The account's last verification. */
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
  /** With a fault: how many of `SeenEvents` a signature confirms. */
  readonly ConfirmedEvents?: number
  readonly Fault?: { readonly Kind: FaultKind; readonly Event?: string; readonly Message: string }
}

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
