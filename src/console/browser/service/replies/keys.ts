// The members of replies that pages read, in the words of the API: keys, aliases and their limits.

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
