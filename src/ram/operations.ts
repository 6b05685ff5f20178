// RAM's operations. Registering one is one line here.
import type { RamOperation } from './operation.ts'
import { AddUserToGroup } from './operations/add-user-to-group.ts'
import { AttachPolicyToGroup } from './operations/attach-policy-to-group.ts'
import { AttachPolicyToRole } from './operations/attach-policy-to-role.ts'
import { AttachPolicyToUser } from './operations/attach-policy-to-user.ts'
import { BindMFADevice } from './operations/bind-mfa-device.ts'
import { ChangePassword } from './operations/change-password.ts'
import { ClearAccountAlias } from './operations/clear-account-alias.ts'
import { CreateAccessKey } from './operations/create-access-key.ts'
import { CreateGroup } from './operations/create-group.ts'
import { CreateLoginProfile } from './operations/create-login-profile.ts'
import { CreatePolicy } from './operations/create-policy.ts'
import { CreatePolicyVersion } from './operations/create-policy-version.ts'
import { CreateRole } from './operations/create-role.ts'
import { CreateUser } from './operations/create-user.ts'
import { CreateVirtualMFADevice } from './operations/create-virtual-mfa-device.ts'
import { DeleteAccessKey } from './operations/delete-access-key.ts'
import { DeleteGroup } from './operations/delete-group.ts'
import { DeleteLoginProfile } from './operations/delete-login-profile.ts'
import { DeletePolicy } from './operations/delete-policy.ts'
import { DeletePolicyVersion } from './operations/delete-policy-version.ts'
import { DeleteRole } from './operations/delete-role.ts'
import { DeleteUser } from './operations/delete-user.ts'
import { DeleteVirtualMFADevice } from './operations/delete-virtual-mfa-device.ts'
import { DetachPolicyFromGroup } from './operations/detach-policy-from-group.ts'
import { DetachPolicyFromRole } from './operations/detach-policy-from-role.ts'
import { DetachPolicyFromUser } from './operations/detach-policy-from-user.ts'
import { GetAccessKeyLastUsed } from './operations/get-access-key-last-used.ts'
import { GetAccountAlias } from './operations/get-account-alias.ts'
import { GetAccountSummary } from './operations/get-account-summary.ts'
import { GetGroup } from './operations/get-group.ts'
import { GetLoginProfile } from './operations/get-login-profile.ts'
import { GetPasswordPolicy } from './operations/get-password-policy.ts'
import { GetPolicy } from './operations/get-policy.ts'
import { GetPolicyVersion } from './operations/get-policy-version.ts'
import { GetRole } from './operations/get-role.ts'
import { GetSecurityPreference } from './operations/get-security-preference.ts'
import { GetUser } from './operations/get-user.ts'
import { GetUserMFAInfo } from './operations/get-user-mfa-info.ts'
import { ListAccessKeys } from './operations/list-access-keys.ts'
import { ListEntitiesForPolicy } from './operations/list-entities-for-policy.ts'
import { ListGroups } from './operations/list-groups.ts'
import { ListGroupsForUser } from './operations/list-groups-for-user.ts'
import { ListPolicies } from './operations/list-policies.ts'
import { ListPoliciesForGroup } from './operations/list-policies-for-group.ts'
import { ListPoliciesForRole } from './operations/list-policies-for-role.ts'
import { ListPoliciesForUser } from './operations/list-policies-for-user.ts'
import { ListPolicyVersions } from './operations/list-policy-versions.ts'
import { ListRoles } from './operations/list-roles.ts'
import { ListTagResources } from './operations/list-tag-resources.ts'
import { ListUsers } from './operations/list-users.ts'
import { ListUsersForGroup } from './operations/list-users-for-group.ts'
import { ListVirtualMFADevices } from './operations/list-virtual-mfa-devices.ts'
import { RemoveUserFromGroup } from './operations/remove-user-from-group.ts'
import { SetAccountAlias } from './operations/set-account-alias.ts'
import { SetDefaultPolicyVersion } from './operations/set-default-policy-version.ts'
import { SetPasswordPolicy } from './operations/set-password-policy.ts'
import { SetSecurityPreference } from './operations/set-security-preference.ts'
import { TagResources } from './operations/tag-resources.ts'
import { UnbindMFADevice } from './operations/unbind-mfa-device.ts'
import { UntagResources } from './operations/untag-resources.ts'
import { UpdateAccessKey } from './operations/update-access-key.ts'
import { UpdateGroup } from './operations/update-group.ts'
import { UpdateLoginProfile } from './operations/update-login-profile.ts'
import { UpdatePolicyDescription } from './operations/update-policy-description.ts'
import { UpdateRole } from './operations/update-role.ts'
import { UpdateUser } from './operations/update-user.ts'

export const ramOperations: readonly RamOperation[] = [
  AddUserToGroup,
  AttachPolicyToGroup,
  AttachPolicyToRole,
  AttachPolicyToUser,
  BindMFADevice,
  ChangePassword,
  ClearAccountAlias,
  CreateAccessKey,
  CreateGroup,
  CreateLoginProfile,
  CreatePolicy,
  CreatePolicyVersion,
  CreateRole,
  CreateUser,
  CreateVirtualMFADevice,
  DeleteAccessKey,
  DeleteGroup,
  DeleteLoginProfile,
  DeletePolicy,
  DeletePolicyVersion,
  DeleteRole,
  DeleteUser,
  DeleteVirtualMFADevice,
  DetachPolicyFromGroup,
  DetachPolicyFromRole,
  DetachPolicyFromUser,
  GetAccessKeyLastUsed,
  GetAccountAlias,
  GetAccountSummary,
  GetGroup,
  GetLoginProfile,
  GetPasswordPolicy,
  GetPolicy,
  GetPolicyVersion,
  GetRole,
  GetSecurityPreference,
  GetUser,
  GetUserMFAInfo,
  ListAccessKeys,
  ListEntitiesForPolicy,
  ListGroups,
  ListGroupsForUser,
  ListPolicies,
  ListPoliciesForGroup,
  ListPoliciesForRole,
  ListPoliciesForUser,
  ListPolicyVersions,
  ListRoles,
  ListTagResources,
  ListUsers,
  ListUsersForGroup,
  ListVirtualMFADevices,
  RemoveUserFromGroup,
  SetAccountAlias,
  SetDefaultPolicyVersion,
  SetPasswordPolicy,
  SetSecurityPreference,
  TagResources,
  UnbindMFADevice,
  UntagResources,
  UpdateAccessKey,
  UpdateGroup,
  UpdateLoginProfile,
  UpdatePolicyDescription,
  UpdateRole,
  UpdateUser,
]
