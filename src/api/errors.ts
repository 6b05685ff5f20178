// The error catalogue: every refusal a client can meet, with its status and the cloud's own words.
// A message's slots ({name}) are demanded by the type of the details, so a message with a hole does not compile.

interface Entry {
  readonly status: number
  readonly message: string
}

/** Codes, statuses and texts of contract/kms-errors.md. */
export const catalogue = {
  // gateway and authentication
  MissingParameter: { status: 400, message: 'The parameter "{name}" is needed but not provided.' },
  InvalidParameter: { status: 400, message: 'The specified parameter "{name}" is not valid. {rule}' },
  ParseRequestParameterException: {
    status: 400,
    message: 'Server parse parameters exception. Please check your input params. {rule}',
  },
  RequestEntityTooLarge: { status: 413, message: 'The request body is larger than {limit} bytes.' },
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
  InternalFailure: { status: 500, message: 'Internal Failure.' },
  ServiceUnavailableTemporary: { status: 503, message: 'Service Unavailable Temporary.' },
  // keys
  'Forbidden.KeyNotFound': { status: 404, message: 'The specified Key is not found.' },
  'Forbidden.AliasNotFound': { status: 404, message: 'The specified Alias is not found.' },
  'Forbidden.DKMSInstanceNotFound': { status: 403, message: 'The specified DKMS Instance is not found.' },
  'Forbidden.ResourceNotFound': { status: 404, message: 'Resource not found.' },
  'Certificate.NotFound': { status: 404, message: 'The specified certificate is not found.' },
  AliasAlreadyExists: { status: 400, message: 'AliasName Already Exists.' },
  'Unsupported.Alias': { status: 400, message: 'Alias is not valid for this api.' },
  'Unsupported.Origin': { status: 400, message: 'This key origin is not valid for this api.' },
  'Unsupported.ProtectionLevel': { status: 400, message: 'This protection level is not valid for this region' },
  UnsupportedOperation: { status: 400, message: 'This action is not supported.' },
  'Rejected.LimitExceeded': {
    status: 400,
    message: 'The request was rejected because user create resource limit was exceeded.',
  },
  'Rejected.StateModifiedFailed': { status: 409, message: 'Keystate modified failed.' },
  'Rejected.Disabled': { status: 409, message: 'The request was rejected because the key state is Disabled.' },
  'Rejected.PendingDeletion': {
    status: 409,
    message: 'The request was rejected because the key state is PendingDeletion.',
  },
  'Rejected.PendingImport': {
    status: 409,
    message: 'The request was rejected because the key state is PendingImport.',
  },
  // import
  InvalidKeyMaterial: { status: 400, message: 'key material is invalid.' },
  InvalidImportToken: { status: 400, message: 'import token is invalid.' },
  ExpiredImportToken: { status: 400, message: 'import token is expired.' },
} as const satisfies Record<string, Entry>

export type Code = keyof typeof catalogue

type Slots<M extends string> = M extends `${string}{${infer S}}${infer R}` ? S | Slots<R> : never
type Details<C extends Code> = [Slots<(typeof catalogue)[C]['message']>] extends [never]
  ? []
  : [details: Record<Slots<(typeof catalogue)[C]['message']>, string>]

/** A call refused with a code of the catalogue. Only this class reaches a client in words. */
export class Refusal extends Error {
  readonly code: Code
  readonly status: number
  constructor(code: Code, message: string) {
    super(message)
    this.code = code
    this.status = catalogue[code].status
  }
}

/** Makes the refusal for `code`; its details must never hold a secret parameter's value. */
export function refuse<C extends Code>(code: C, ...details: Details<C>): Refusal {
  const slots: Record<string, string> = details[0] ?? {}
  const message = catalogue[code].message.replace(/\{(\w+)\}/g, (_, slot: string) => slots[slot] ?? '')
  return new Refusal(code, message)
}
