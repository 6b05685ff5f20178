// The records of RAM: users, groups, roles, custom policies, and what leads from one to the other. All are the account's, in no region.
// A principal's own record holds what policies and limits need: its groups, policies and AccessKeys; so one revision guards them all.
import type { Tags } from '../api/operation.ts'
import type { Kind, Recorded, Scope } from '../ledger/record.ts'

/** A policy attached to a principal. Times are milliseconds since 1970. */
export interface Attached {
  /** See policyKey. */
  readonly policy: string
  readonly attachedAt: number
}

export interface LoginProfile {
  /** Salted argon2id hash, see password.ts. */
  readonly passwordHash: string
  /** Absent in profiles of earlier releases: then the password is as old as the profile. */
  readonly passwordChangedAt?: number
  /** Hashes of former passwords, the latest one first, as many as the password policy counted at the last change. */
  readonly formerHashes?: readonly string[]
  readonly passwordResetRequired: boolean
  readonly mfaBindRequired: boolean
  readonly createdAt: number
}

/** A user; its record's id is the UserId, which outlives a change of name. */
export interface UserBody {
  readonly userName: string
  readonly displayName: string
  readonly mobilePhone: string
  readonly email: string
  readonly comments: string
  readonly updatedAt: number
  readonly groups: readonly { readonly groupId: string; readonly joinedAt: number }[]
  readonly policies: readonly Attached[]
  readonly accessKeyIds: readonly string[]
  readonly loginProfile: LoginProfile | null
  /** The id of the MFA device that is bound to it; absent where there is none. */
  readonly mfaDevice?: string
}

/** A group; its record's id is the GroupId. */
export interface GroupBody {
  readonly groupName: string
  readonly comments: string
  readonly updatedAt: number
  readonly members: number
  readonly policies: readonly Attached[]
}

/** A role; its record's id is its name in lower case. */
export interface RoleBody {
  readonly roleId: string
  readonly roleName: string
  readonly description: string
  /** The trust policy as it was given. */
  readonly trustPolicy: string
  /**
   * The ids that users and roles of the trust policy had when it was written, by their ARN in lower case: it means these, whatever
   * they are called now, and nobody who takes over a name. Of OIDC providers that existed then, the issuers. Absent in roles of earlier
   * releases until a start binds them.
   */
  readonly trustedIds?: Readonly<Record<string, string>>
  readonly maxSessionSeconds: number
  readonly updatedAt: number
  readonly policies: readonly Attached[]
  readonly tags: Tags
}

export interface PolicyVersion {
  /** v1, v2, … */
  readonly versionId: string
  /** As it was given, byte for byte. */
  readonly document: string
  readonly createdAt: number
}

/** A custom policy with its versions; its record's id is its name in lower case. */
export interface PolicyBody {
  readonly policyName: string
  readonly description: string
  readonly updatedAt: number
  readonly defaultVersion: string
  readonly versions: readonly PolicyVersion[]
  /** The number of the last version made; numbers are never used again. */
  readonly lastVersion: number
  readonly attachments: number
  readonly tags: Tags
}

/** From a name in lower case to the id it has now. */
interface NameBody {
  readonly id: string
}

/** That a user is in a group: id `GroupId/name in lower case`, for lists by name; parent: the group. */
interface MembershipBody {
  readonly userId: string
  readonly joinedAt: number
}

export type PrincipalType = 'User' | 'Group' | 'Role'

/** That a policy is attached to a principal: id `policyKey/type/id`; parent: the policyKey. */
interface AttachmentBody {
  readonly type: PrincipalType
  readonly id: string
  readonly attachedAt: number
}

export type User = Recorded<UserBody>
export type Group = Recorded<GroupBody>
export type Role = Recorded<RoleBody>
export type Policy = Recorded<PolicyBody>

export const USER: Kind<UserBody> = { name: 'ram-user', counted: true }
export const USER_NAME: Kind<NameBody> = { name: 'ram-user-name', counted: false }
export const GROUP: Kind<GroupBody> = { name: 'ram-group', counted: true }
export const GROUP_NAME: Kind<NameBody> = { name: 'ram-group-name', counted: false }
export const ROLE: Kind<RoleBody> = { name: 'ram-role', counted: true }
export const POLICY: Kind<PolicyBody> = { name: 'ram-policy', counted: true }
export const MEMBERSHIP: Kind<MembershipBody> = { name: 'ram-membership', counted: false }
export const ATTACHMENT: Kind<AttachmentBody> = { name: 'ram-attachment', counted: false }

/** The scope of an account's RAM records. */
export function ramScope(account: string): Scope {
  return { account, region: '' }
}

export type PolicyType = 'System' | 'Custom'

/** How attachments name a policy: its type and its name in lower case. */
export function policyKey(type: PolicyType, name: string): string {
  return `${type}/${name.toLowerCase()}`
}

/** Where a list by name goes on: after `name` in lower case, below `prefix`, which ends in a slash or is empty. */
export function afterName(name: string, limit: number, prefix = ''): { after: string; before: string; limit: number } {
  // Names are ASCII: what follows all of them is DEL, and what follows a slash is 0.
  return { after: prefix + name, before: prefix === '' ? '\x7f' : `${prefix.slice(0, -1)}0`, limit }
}
