// The refusals of STS's operations.
import type { Entries } from './entries.ts'

export const sts = {
  'MissingParameter.{name}': { status: 400, message: 'Parameter {name} is required.' },
  'AuthenticationFail.NoPermission': { status: 401, message: '{reason}' },
  'AuthenticationFail.OIDCToken.Invalid': { status: 401, message: '{reason}' },
  'AuthenticationFail.OIDCToken.IssuerNotMatch': {
    status: 401,
    message: "The issuer in the OIDC Token doesn't match the OIDC Provider registered.",
  },
  'AuthenticationFail.OIDCToken.IssuerConfigurationBroken': {
    status: 401,
    message: 'Get public keys from OIDC Provider failed, the issuer is {issuer}',
  },
  'AuthenticationFail.OIDCToken.HttpsUrlInvalid': { status: 401, message: '{reason}' },
  'AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch': {
    status: 401,
    message: 'The fingerprint of the OIDC Provider does not match.',
  },
  'AuthenticationFail.OIDCToken.InvalidSignature': {
    status: 401,
    message: 'OIDC token validate failed: invalid signature.',
  },
  'AuthenticationFail.OIDCToken.Expired': { status: 401, message: '{reason}' },
  'AuthenticationFail.OIDCToken.AudienceNotMatch': { status: 401, message: 'Invalid audience.' },
  'InvalidParameter.OIDCProviderArn': { status: 400, message: 'The parameter OIDCProviderArn is wrongly formed.' },
  'InvalidParameter.RoleArn': { status: 400, message: 'The parameter RoleArn is wrongly formed.' },
  'InvalidParameter.RoleSessionName': { status: 400, message: 'The parameter RoleSessionName is wrongly formed.' },
  'InvalidParameter.ExternalId': { status: 400, message: 'The parameter ExternalId is wrongly formed.' },
  'InvalidParameter.SourceIdentity': { status: 400, message: 'The parameter SourceIdentity is wrongly formed.' },
  'InvalidParameter.DurationSeconds': {
    status: 400,
    message: 'The Min/Max value of DurationSeconds is 15min/1hr.',
  },
  'InvalidParameter.PolicyGrammar': {
    status: 400,
    message: 'The parameter Policy has not passed grammar check. {fault}',
  },
  'InvalidParameter.PolicySize': {
    status: 400,
    message: 'The size of Policy must be smaller than {limit} bytes.',
  },
} as const satisfies Entries
