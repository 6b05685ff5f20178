// The refusals of RAM's and IMS's operations. STS uses EntityNotExist.Role too.
import type { Entries } from './entries.ts'

export const ram = {
  'InvalidParameter.{name}': { status: 400, message: 'The parameter - "{name}" is incorrect.' },
  'InvalidParameter.{name}.InvalidChars': { status: 400, message: 'The parameter - "{name}" contains invalid chars.' },
  'InvalidParameter.{name}.Length': { status: 400, message: 'The parameter - "{name}" beyond the length limit.' },
  'InvalidParameter.{name}.Format': {
    status: 400,
    message: 'The format of the parameter - "{name}" is incorrect.',
  },
  'InvalidParameter.AccountAlias.Format': {
    status: 400,
    message: 'The format of parameter - "AccountAlias" is incorrect.',
  },
  'InvalidParameter.AccountAlias.Length': {
    status: 400,
    message: 'The parameter - "AccountAlias" MUST be in the range of 3 and 63.',
  },
  'InvalidParameter.Password.TooWeak': {
    status: 400,
    message: 'The parameter - "Password" is not compliant with the password policy.',
  },
  'InvalidParameter.MinimumPasswordLength.Range': {
    status: 400,
    message: 'The parameter - "MinimumPasswordLength" MUST be in the range of 8 and 32.',
  },
  'InvalidParameter.AuthenticationCode.Format': {
    status: 400,
    message: 'The parameter - "AuthenticationCode" MUST be 6 numbers.',
  },
  CheckAuthenticationCodeFail: { status: 403, message: 'The parameter - "AuthenticationCode" is inccorrect.' },
  MalformedPolicyDocument: { status: 400, message: '{fault}' },
  'EntityNotExist.User': { status: 404, message: 'The user does not exist.' },
  'EntityNotExist.User.AccessKey': { status: 404, message: 'The user access key does not exist.' },
  'EntityNotExist.User.LoginProfile': { status: 404, message: 'The user login profile does not exist.' },
  'EntityNotExist.User.MFADevice': { status: 404, message: 'The user has not bound any MFA device.' },
  'EntityNotExist.User.Policy': { status: 404, message: 'The indicate policy of the user does not exist.' },
  'EntityNotExist.User.Group': { status: 404, message: 'The user has not joined the group.' },
  'EntityNotExist.Group': { status: 404, message: 'The group does not exist.' },
  'EntityNotExist.Group.Policy': { status: 404, message: 'The indicate policy attached to the group does not exist.' },
  'EntityNotExist.Role': { status: 404, message: 'The role does not exist.' },
  'EntityNotExist.Role.Policy': { status: 404, message: 'The indicate policy attached to the role does not exist.' },
  'EntityNotExists.ResourceGroup': { status: 404, message: 'The resource group does not exist.' },
  'EntityNotExist.OIDCProvider': { status: 404, message: 'The OIDC provider does not exist.' },
  'EntityNotExist.Policy': { status: 404, message: 'The policy does not exist.' },
  'EntityNotExist.Policy.Version': { status: 404, message: 'The policy version does not exist.' },
  'EntityNotExist.VirtualMFADevice': { status: 404, message: 'The virtual mfa device does not exist.' },
  'EntityAlreadyExists.User': { status: 409, message: 'The user does already EXIST.' },
  'EntityAlreadyExists.User.LoginProfile': { status: 409, message: 'The user login profile does already EXIST.' },
  'EntityAlreadyExists.User.MFADevice': { status: 409, message: 'The user has already bound a MFA device.' },
  'EntityAlreadyExists.User.Group': { status: 409, message: 'The user has already joined the group.' },
  'EntityAlreadyExists.User.Policy': { status: 409, message: 'The user has already been attached this policy.' },
  'EntityAlreadyExists.Group': { status: 409, message: 'The group does already EXIST.' },
  'EntityAlreadyExists.Group.Policy': { status: 409, message: 'The group has already been attached this policy.' },
  'EntityAlreadyExists.Role': { status: 409, message: 'The role does already EXIST.' },
  'EntityAlreadyExists.Role.Policy': { status: 409, message: 'The role has already been attached this policy.' },
  'EntityAlreadyExists.OIDCProvider': { status: 409, message: 'The OIDC provider does already EXIST.' },
  'EntityAlreadyExists.OIDCProvider.Url': {
    status: 409,
    message: 'The issuer URL of the OIDC provider does already EXIST.',
  },
  'EntityAlreadyExists.Policy': { status: 409, message: 'The policy does already EXIST.' },
  'EntityAlreadyExists.AccountAlias': { status: 409, message: 'The account alias does already exist.' },
  'EntityAlreadyExists.VirtualMFADevice': { status: 409, message: 'The virtual mfa device does already EXIST.' },
  'EntityAlreadyExists.VirtualMFADevice.User': {
    status: 409,
    message: 'The virtual mfa device does already been bound to a user.',
  },
  'DeleteConflict.User.Group': { status: 409, message: 'The user CAN NOT be in any group while deleting the user.' },
  'DeleteConflict.User.AccessKey': {
    status: 409,
    message: 'The user CAN NOT has any access key while deleting the user.',
  },
  'DeleteConflict.User.LoginProfile': {
    status: 409,
    message: 'The user CAN NOT has any login profile while deleting the user.',
  },
  'DeleteConflict.User.MFADevice': {
    status: 409,
    message: 'The user CAN NOT has any mfa device while deleting the user.',
  },
  'DeleteConflict.User.Policy': {
    status: 409,
    message: 'The user CAN NOT has any attached policy while deleting the user.',
  },
  'DeleteConflict.Group.User': {
    status: 409,
    message: 'The group CAN NOT has any user member while deleting the group.',
  },
  'DeleteConflict.Group.Policy': {
    status: 409,
    message: 'The entity CAN NOT has any attached policy while deleting the group.',
  },
  'DeleteConflict.Role.Policy': {
    status: 409,
    message: 'The role CAN NOT has any attached policy while deleting the role.',
  },
  'DeleteConflict.OIDCProvider.Fingerprint': {
    status: 409,
    message: 'The last fingerprint of the OIDC provider CAN NOT been removed.',
  },
  'DeleteConflict.VirtualMFADevice.User': {
    status: 409,
    message: 'The virtual mfa device CAN NOT been bound to any user while deleting it.',
  },
  'DeleteConflict.Policy.User': {
    status: 409,
    message: 'The policy CAN NOT been attached to any user while deleting the policy.',
  },
  'DeleteConflict.Policy.Group': {
    status: 409,
    message: 'The policy CAN NOT been attached to any group while deleting the policy.',
  },
  'DeleteConflict.Policy.Role': {
    status: 409,
    message: 'The policy CAN NOT been attached to any role while deleting the policy.',
  },
  'DeleteConflict.Policy.Version': {
    status: 409,
    message: 'The policy CAN NOT has any version except the default version.',
  },
  'DeleteConflict.Policy.Version.Default': {
    status: 409,
    message: 'The default policy version CAN NOT been deleted directly.',
  },
  'LimitExceeded.User': { status: 409, message: 'The count of users beyond the current limits.' },
  'LimitExceeded.User.AccessKey': {
    status: 409,
    message: 'The access key count of the user access keys beyond the current limits.',
  },
  'LimitExceeded.User.Group': {
    status: 409,
    message: 'The count of groups the target user joined beyond the current limits.',
  },
  'LimitExceeded.User.Policy': {
    status: 409,
    message: 'The policy count of the user attached policies beyond the current limits.',
  },
  'LimitExceeded.Group': { status: 409, message: 'The count of groups beyond the current limits.' },
  'LimitExceeded.Group.Policy': { status: 409, message: 'The policy count of the group beyond the current limits.' },
  'LimitExceeded.Role': { status: 409, message: 'The count of roles beyond the current limits.' },
  'LimitExceeded.Role.Policy': {
    status: 409,
    message: 'The count of policies attached to the role beyond the current limits.',
  },
  'LimitExceeded.OIDCProvider': { status: 409, message: 'The count of OIDC providers beyond the current limits.' },
  'LimitExceeded.OIDCProvider.ClientId': {
    status: 409,
    message: 'The count of client IDs of the OIDC provider beyond the current limits.',
  },
  'LimitExceeded.OIDCProvider.Fingerprint': {
    status: 409,
    message: 'The count of fingerprints of the OIDC provider beyond the current limits.',
  },
  'LimitExceeded.Policy': { status: 409, message: 'The count of policy beyond the current limits.' },
  'LimitExceeded.Policy.Version': { status: 409, message: 'The count of policy version beyond the current limits.' },
  'LimitExceeded.Tag': { status: 409, message: 'The count of tags beyond the current limits.' },
  'LimitExceeded.VirtualMFADevice': {
    status: 409,
    message: 'The count of virtual mfa devices beyond the current limits.',
  },
} as const satisfies Entries
