// Users, groups, roles and policies in replies (docs/reference/operations/ram-2015-05-01.md).
import type { Reply, Tags } from '../api/operation.ts'
import { isoSeconds } from '../api/time.ts'
import type { FoundPolicy } from './find.ts'
import type { Group, PolicyVersion, Role, User } from './records.ts'

export function userAnswer({ id, createdAt, body }: User): Reply {
  const { userName, displayName, mobilePhone, email, comments } = body
  return {
    UserId: id,
    UserName: userName,
    DisplayName: displayName,
    MobilePhone: mobilePhone,
    Email: email,
    Comments: comments,
    CreateDate: isoSeconds(createdAt),
  }
}

export function userAnswerWithUpdate(user: User): Reply {
  return { ...userAnswer(user), UpdateDate: isoSeconds(user.body.updatedAt) }
}

export function groupAnswer({ id, createdAt, body }: Group): Reply {
  return { GroupId: id, GroupName: body.groupName, Comments: body.comments, CreateDate: isoSeconds(createdAt) }
}

export function groupAnswerWithUpdate(group: Group): Reply {
  return { ...groupAnswer(group), UpdateDate: isoSeconds(group.body.updatedAt) }
}

export function roleArn(role: Role): string {
  return `acs:ram::${role.account}:role/${role.body.roleName}`
}

/** A role in lists, which do not show its trust policy. */
export function roleSummary(role: Role): Reply {
  const { roleId, roleName, description, maxSessionSeconds, updatedAt } = role.body
  return {
    RoleId: roleId,
    RoleName: roleName,
    Arn: roleArn(role),
    Description: description,
    MaxSessionDuration: maxSessionSeconds,
    CreateDate: isoSeconds(role.createdAt),
    UpdateDate: isoSeconds(updatedAt),
  }
}

export function roleAnswer(role: Role): Reply {
  return { ...roleSummary(role), AssumeRolePolicyDocument: role.body.trustPolicy }
}

export function policyAnswer(policy: FoundPolicy): Reply {
  return {
    PolicyName: policy.policyName,
    PolicyType: policy.type,
    Description: policy.description,
    DefaultVersion: policy.defaultVersion,
    CreateDate: isoSeconds(policy.createdAt),
    UpdateDate: isoSeconds(policy.updatedAt),
  }
}

export function versionAnswer({ versionId, document, createdAt }: PolicyVersion, policy: FoundPolicy): Reply {
  return {
    VersionId: versionId,
    IsDefaultVersion: versionId === policy.defaultVersion,
    PolicyDocument: document,
    CreateDate: isoSeconds(createdAt),
  }
}

export function tagsAnswer(tags: Tags): Reply {
  return { Tag: tags.map(([TagKey, TagValue]) => ({ TagKey, TagValue })) }
}
