// The error catalogue: every refusal that a client can receive, with its HTTP status and the cloud's message (docs/errors.md).
// The type of the details demands a message's slots ({name}), so that a message with an empty slot does not compile.

interface Entry {
  readonly status: number
  readonly message: string
}

/**
 * Codes, statuses and messages are the cloud's, to the letter. A code can have a slot too: the name of the parameter in
 * InvalidParameter.{name}.Length.
 */
export const catalogue = {
  // gateway and authentication
  MissingParameter: { status: 400, message: 'The parameter "{name}" is needed but not provided.' },
  InvalidParameter: { status: 400, message: 'The specified parameter "{name}" is not valid. {rule}' },
  ParseRequestParameterException: {
    status: 400,
    message: 'Server parse parameters exception. Please check your input params. {rule}',
  },
  RequestEntityTooLarge: { status: 413, message: 'The request body is larger than {limit} bytes.' },
  RequestTimeout: { status: 408, message: 'The request did not come in time.' },
  MissingAccessKeyId: {
    status: 400,
    message: 'The input parameter "AccessKeyId" that is mandatory for processing this request is not supplied.',
  },
  IncompleteSignature: {
    status: 400,
    message: 'The request signature does not conform to Alibaba Cloud standards. {rule}',
  },
  SignatureDoesNotMatch: {
    status: 400,
    message: 'Specified signature is not matched with our calculation. server string to sign is:{stringToSign}',
  },
  IllegalTimestamp: {
    status: 400,
    message: 'The input parameter "Timestamp" that is mandatory for processing this request is not supplied.',
  },
  'InvalidTimeStamp.Expired': { status: 400, message: 'Specified time stamp or date value is expired.' },
  'InvalidTimeStamp.Format': { status: 400, message: 'Specified time stamp or date value is not well formatted.' },
  SignatureNonceUsed: { status: 400, message: 'Specified signature nonce was used already.' },
  InvalidSignatureMethod: { status: 400, message: 'Specified signature method is not valid.' },
  InvalidVersion: { status: 400, message: 'Specified parameter Version is not valid.' },
  'InvalidAction.NotFound': {
    status: 404,
    message: 'Specified api is not found, please check your url and method.',
  },
  UnsupportedHTTPMethod: { status: 403, message: 'This http method is not supported.' },
  'InvalidAccessKeyId.NotFound': { status: 404, message: 'Specified access key is not found.' },
  'Forbidden.AccessKey': { status: 403, message: 'This AccessKey is not enabled.' },
  'InvalidSecurityToken.MismatchWithAccessKey': {
    status: 400,
    message: 'Specified SecurityToken mismatch with the AccessKey.',
  },
  'InvalidSecurityToken.Malformed': { status: 400, message: 'Specified SecurityToken is malformed.' },
  'InvalidSecurityToken.Expired': { status: 400, message: 'Specified SecurityToken is expired.' },
  MissingSecurityToken: { status: 400, message: 'The parameter SecurityToken is needed with this AccessKey.' },
  'Forbidden.NoPermission': {
    status: 403,
    message: 'This operation for {resource} is forbidden by permission system.',
  },
  'Rejected.Throttling': { status: 429, message: 'QPS Limit Exceeded' },
  'Throttling.User': { status: 400, message: 'Request was denied due to user flow control.' },
  InternalFailure: { status: 500, message: 'Internal Failure.' },
  ServiceUnavailableTemporary: { status: 503, message: 'Service Unavailable Temporary.' },
  // keys
  'Forbidden.KeyNotFound': { status: 404, message: 'The specified Key is not found.' },
  'Forbidden.KeyVersionNotFound': { status: 404, message: 'The specified Key version is not found.' },
  'Forbidden.AliasNotFound': { status: 404, message: 'The specified Alias is not found.' },
  'Forbidden.DKMSInstanceNotFound': { status: 403, message: 'The specified DKMS Instance is not found.' },
  'Forbidden.ResourceNotFound': { status: 404, message: 'Resource not found.' },
  'Certificate.NotFound': { status: 404, message: 'The specified certificate is not found.' },
  AliasAlreadyExists: { status: 400, message: 'AliasName Already Exists.' },
  'Unsupported.Alias': { status: 400, message: 'Alias is not valid for this api.' },
  'Unsupported.Origin': { status: 400, message: 'This key origin is not valid for this api.' },
  'Unsupported.ProtectionLevel': { status: 400, message: 'This protection level is not valid for this region' },
  UnsupportedOperation: { status: 400, message: 'This action is not supported.' },
  'Rejected.UnsupportedOperation': { status: 400, message: 'Unsupported operation.' },
  'Rejected.LimitExceeded': {
    status: 400,
    message: 'The request was rejected because user create resource limit was exceeded.',
  },
  'Rejected.StateModifiedFailed': { status: 409, message: 'Keystate modified failed.{reason}' },
  'Rejected.Disabled': { status: 409, message: 'The request was rejected because the key state is Disabled.' },
  'Rejected.PendingDeletion': {
    status: 409,
    message: 'The request was rejected because the key state is PendingDeletion.',
  },
  'Rejected.PendingImport': {
    status: 409,
    message: 'The request was rejected because the key state is PendingImport.',
  },
  // dry runs
  DryRunOperationError: { status: 400, message: 'The request would have succeeded, but it is a dry run.' },
  ValidationError: { status: 400, message: 'The request would have been refused with {code}: {reason}' },
  AccessDeniedError: { status: 403, message: '{reason}' },
  // tags of several resources
  'Duplicate.TagKey': { status: 400, message: 'The specified tagKey is duplicate.' },
  'InvalidParameter.TagKey': { status: 400, message: 'The specified parameter is not valid.' },
  'InvalidParameter.TagValue': { status: 400, message: 'The specified parameter is not valid.' },
  'InvalidResourceId.NotFound': { status: 404, message: 'The specified ResourceId is not found.' },
  // account
  'Forbidden.Opened': { status: 400, message: 'Your kms service has been opened.' },
  'Rejected.KeyExhausted': {
    status: 409,
    message:
      'The request was rejected because the key version has encrypted as many messages as are safe. Rotate the key.',
  },
  // import
  InvalidKeyMaterial: { status: 400, message: 'key material is invalid.' },
  InvalidImportToken: { status: 400, message: 'import token is invalid.' },
  ExpiredImportToken: { status: 400, message: 'import token is expired.' },
  // RAM
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
  MalformedPolicyDocument: { status: 400, message: '{fault}' },
  NoPermission: { status: 403, message: '{reason}' },
  'EntityNotExist.User': { status: 404, message: 'The user does not exist.' },
  'EntityNotExist.User.AccessKey': { status: 404, message: 'The user access key does not exist.' },
  'EntityNotExist.User.LoginProfile': { status: 404, message: 'The user login profile does not exist.' },
  'EntityNotExist.User.Policy': { status: 404, message: 'The indicate policy of the user does not exist.' },
  'EntityNotExist.User.Group': { status: 404, message: 'The user has not joined the group.' },
  'EntityNotExist.Group': { status: 404, message: 'The group does not exist.' },
  'EntityNotExist.Group.Policy': { status: 404, message: 'The indicate policy attached to the group does not exist.' },
  'EntityNotExist.Role': { status: 404, message: 'The role does not exist.' },
  'EntityNotExist.Role.Policy': { status: 404, message: 'The indicate policy attached to the role does not exist.' },
  'EntityNotExists.ResourceGroup': { status: 404, message: 'The resource group does not exist.' },
  'EntityNotExist.Policy': { status: 404, message: 'The policy does not exist.' },
  'EntityNotExist.Policy.Version': { status: 404, message: 'The policy version does not exist.' },
  'EntityAlreadyExists.User': { status: 409, message: 'The user does already EXIST.' },
  'EntityAlreadyExists.User.LoginProfile': { status: 409, message: 'The user login profile does already EXIST.' },
  'EntityAlreadyExists.User.Group': { status: 409, message: 'The user has already joined the group.' },
  'EntityAlreadyExists.User.Policy': { status: 409, message: 'The user has already been attached this policy.' },
  'EntityAlreadyExists.Group': { status: 409, message: 'The group does already EXIST.' },
  'EntityAlreadyExists.Group.Policy': { status: 409, message: 'The group has already been attached this policy.' },
  'EntityAlreadyExists.Role': { status: 409, message: 'The role does already EXIST.' },
  'EntityAlreadyExists.Role.Policy': { status: 409, message: 'The role has already been attached this policy.' },
  'EntityAlreadyExists.Policy': { status: 409, message: 'The policy does already EXIST.' },
  'EntityAlreadyExists.AccountAlias': { status: 409, message: 'The account alias does already exist.' },
  'DeleteConflict.User.Group': { status: 409, message: 'The user CAN NOT be in any group while deleting the user.' },
  'DeleteConflict.User.AccessKey': {
    status: 409,
    message: 'The user CAN NOT has any access key while deleting the user.',
  },
  'DeleteConflict.User.LoginProfile': {
    status: 409,
    message: 'The user CAN NOT has any login profile while deleting the user.',
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
  'LimitExceeded.Policy': { status: 409, message: 'The count of policy beyond the current limits.' },
  'LimitExceeded.Policy.Version': { status: 409, message: 'The count of policy version beyond the current limits.' },
  // ActionTrail
  InvalidQueryParameter: { status: 400, message: 'The specified query parameter is invalid.' },
  InvalidParameterCombination: { status: 400, message: 'The end time must be later than the start time.' },
  InvalidParameterStartTime: { status: 400, message: 'The specified StartTime is invalid.' },
  InvalidParameterEndTime: { status: 400, message: 'The specified EndTime is invalid.' },
  // STS
  'MissingParameter.{name}': { status: 400, message: 'Parameter {name} is required.' },
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
  // ActionTrail: trails
  InvalidTrailNameException: { status: 400, message: 'The specified Trail name is invalid.' },
  TrailAlreadyExistsException: { status: 400, message: 'The specified Trail name already exists.' },
  TrailNotFoundException: { status: 404, message: 'The specified Trail does not exist.' },
  InvalidDeliveryConfigurationException: {
    status: 400,
    message: 'You must specify at least one Log Service project or OSS bucket for a Trail.',
  },
  InvalidPrefixException: { status: 400, message: 'The specified OSS bucket prefix is invalid.' },
  InvalidBucketNameException: { status: 400, message: 'The specified OSS bucket name is invalid.' },
  RepeatOssBucket: {
    status: 400,
    message:
      'The specified OSS bucket is already in use. We recommend that you modify the existing Trail or specify another bucket.',
  },
  BucketDoesNotExistException: { status: 404, message: 'The specified OSS bucket does not exist.' },
  InsufficientBucketPolicyException: { status: 403, message: 'Access to the specified OSS bucket was denied.' },
  SlsProjectDoesNotExistException: { status: 400, message: 'The specified Log Service project does not exist.' },
  MaximumNumberOfTrailsExceededException: {
    status: 403,
    message: 'The number of Trails in the same region exceeds the upper limit (5).',
  },
  NotAllowCreateOrganizationTrail: {
    status: 400,
    message: 'Your account does not allow you to create organization trail. Submit a ticket to get customer support.',
  },
  ServiceUnavailable: { status: 503, message: 'The service is unavailable. Please try again later.' },
} as const satisfies Record<string, Entry>

export type Code = keyof typeof catalogue

type Slots<M extends string> = M extends `${string}{${infer S}}${infer R}` ? S | Slots<R> : never
type Details<C extends Code> = [Slots<(typeof catalogue)[C]['message'] | C>] extends [never]
  ? []
  : [details: Record<Slots<(typeof catalogue)[C]['message'] | C>, string>]

/** The codes whose message has no slots. */
export type PlainCode = { [C in Code]: Details<C> extends [] ? C : never }[Code]

/** Why policies refuse a call, as its event shows it (docs/reference/events.md); `by` names the statement of an explicit deny. */
export interface Denial {
  readonly action: string
  readonly resource: string
  /** What the call named instead of the resource: see Resource.asked. */
  readonly asked?: string | undefined
  readonly type: 'ExplicitDeny' | 'ImplicitDeny'
  readonly principal: { readonly type: string; readonly name: string; readonly account: string }
  /** The account that the policies belong to. */
  readonly account: string
  readonly policyType: 'IdentityBased' | 'SessionPolicy' | 'TrustPolicy'
  readonly by: {
    readonly policyName: string
    readonly policyVersion: string
    readonly statementIndex: number
  } | null
}

/** STS has its own message for a code of RAM. */
export function refuseMissingRole(): Refusal {
  return new Refusal('EntityNotExist.Role', 'EntityNotExist.Role', 'The specified Role not exists.', null)
}

/** The part of a denial that an account may see. Of another account's policies it learns only that they do not allow the call. */
export function denialSeenBy(account: string, denial: Denial): Denial {
  return account === denial.account ? denial : { ...denial, type: 'ImplicitDeny', by: null }
}

/** A call refused with a code of the catalogue. No other error's text reaches a client. */
export class Refusal extends Error {
  /** The code as the client receives it, its slot filled. */
  readonly code: string
  /** The key in the catalogue. */
  readonly entry: Code
  readonly status: number
  readonly denial: Denial | null
  constructor(entry: Code, code: string, message: string, denial: Denial | null) {
    super(message)
    this.entry = entry
    this.code = code
    this.status = catalogue[entry].status
    this.denial = denial
  }
}

/** Returns the refusal for `code`, for the caller to throw. INVARIANT: details never hold the value of a secret parameter. */
export function refuse<C extends Code>(code: C, ...details: Details<C>): Refusal {
  return filled(code, details[0] ?? {}, null)
}

/** Returns the refusal of a call that policies do not allow. AccessDeniedDetail and the event show the denial. */
export function refuseFor<C extends Code>(denial: Denial, code: C, ...details: Details<C>): Refusal {
  return filled(code, details[0] ?? {}, denial)
}

/** Returns the refusal of a dry run whose real call would get `refusal`. A refusal that is not the call's fault stays as it is. */
export function refuseDryRun(refusal: Refusal): Refusal {
  const { entry, code, message, denial, status } = refusal
  if (denial) return filled('AccessDeniedError', { reason: message }, denial)
  const isFault = entry !== 'DryRunOperationError' && status < 500 && entry !== 'SignatureNonceUsed'
  return isFault ? filled('ValidationError', { code, reason: message }, null) : refusal
}

function filled(code: Code, slots: Readonly<Record<string, string>>, denial: Denial | null): Refusal {
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (_, slot: string) => slots[slot] ?? '')
  return new Refusal(code, fill(code), fill(catalogue[code].message), denial)
}
