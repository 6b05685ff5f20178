// The members of replies that pages read, in the words of the API: users, groups, roles and policies.

type Counted = 'Users' | 'Groups' | 'Roles' | 'Policies'

export interface Paged {
  readonly IsTruncated?: boolean
  readonly Marker?: string
}

/** The most entries of one reply: all users and groups, unless the quotas are raised. */
export const MOST_LISTED = 1000

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

export interface AccountSummary {
  readonly SummaryMap: Readonly<Record<Counted | `${Counted}Quota` | 'MFADevices' | 'VirtualMFADevicesQuota', number>>
}
