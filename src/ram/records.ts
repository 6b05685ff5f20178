// The records of RAM: users, groups, roles, custom policies, and the references between them. All belong to an account and to no region. A
// principal's record lists its groups, policies and AccessKeys, so one revision guards all that policies and limits need.
import type { Tags } from '../api/operation.ts'
import type { Kind, Recorded, Scope } from '../ledger/record.ts'

/** A policy attached to a principal. Times are milliseconds since 1970. */
export interface Attached {
  /** See policyKey. */
  readonly policy: string
  readonly attachedAt: number
}

export interface LoginProfile {
  /** Salted slow hash, see password.ts. */
  readonly passwordHash: string
  /** Absent in profiles of earlier releases; the password is then as old as the profile. */
  readonly passwordChangedAt?: number
  /** Hashes of former passwords, the latest first; as many as the password policy demanded at the last change. */
  readonly formerHashes?: readonly string[]
  readonly passwordResetRequired: boolean
  readonly mfaBindRequired: boolean
  readonly createdAt: number
}

/** A user; its record's id is the UserId, which a renaming does not change. */
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
  /** The id of the record of the bound MFA device; absent where none is bound. */
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
  /** The trust policy as sent. */
  readonly trustPolicy: string
  /**
   * From the lower-case ARNs in the trust policy to the ids that these users and roles had when it was written. The policy trusts these ids even
   * after a renaming, and does not trust a later bearer of a name. OIDC providers that existed then have their issuers as ids. Absent in roles
   * of earlier releases until the start of a server binds them.
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
  /** As sent, byte for byte. */
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
  /** The number of the newest version ever created. Numbers are never used again. */
  readonly lastVersion: number
  readonly attachments: number
  readonly tags: Tags
}

/** From a lower-case name, the record's id, to the id of its present bearer. */
interface NameBody {
  readonly id: string
}

/** A user's membership in a group. Its record's id is `GroupId/name in lower case`, for lists by name; its parent is the group. */
interface MembershipBody {
  readonly userId: string
  readonly joinedAt: number
}

export type PrincipalType = 'User' | 'Group' | 'Role'

/** An attachment of a policy to a principal. Its record's id is `policyKey/type/id`; its parent is the policyKey. */
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

/** The name of a policy in attachments: its type and its name in lower case. */
export function policyKey(type: PolicyType, name: string): string {
  return `${type}/${name.toLowerCase()}`
}

/** The range of ids for the continuation of a list: after the lower-case `name`, within `prefix`, which is empty or ends in a slash. */
export function afterName(name: string, limit: number, prefix = ''): { after: string; before: string; limit: number } {
  // Names are printable ASCII, so DEL follows all of them. The character after a slash is 0.
  return { after: prefix + name, before: prefix === '' ? '\x7f' : `${prefix.slice(0, -1)}0`, limit }
}
