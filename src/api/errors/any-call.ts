// The refusals that a call of any product can get.
import type { Entries } from './entries.ts'

export const anyCall = {
  // what the request says
  MissingParameter: { status: 400, message: 'The parameter "{name}" is needed but not provided.' },
  InvalidParameter: { status: 400, message: 'The specified parameter "{name}" is not valid. {rule}' },
  ParseRequestParameterException: {
    status: 400,
    message: 'Server parse parameters exception. Please check your input params. {rule}',
  },
  RequestEntityTooLarge: { status: 413, message: 'The request body is larger than {limit} bytes.' },
  RequestTimeout: { status: 408, message: 'The request did not come in time.' },
  UnsupportedHTTPMethod: { status: 403, message: 'This http method is not supported.' },
  InvalidVersion: { status: 400, message: 'Specified parameter Version is not valid.' },
  'InvalidAction.NotFound': {
    status: 404,
    message: 'Specified api is not found, please check your url and method.',
  },
  // who signed it
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
  'InvalidAccessKeyId.NotFound': { status: 404, message: 'Specified access key is not found.' },
  'Forbidden.AccessKey': { status: 403, message: 'This AccessKey is not enabled.' },
  'InvalidSecurityToken.MismatchWithAccessKey': {
    status: 400,
    message: 'Specified SecurityToken mismatch with the AccessKey.',
  },
  'InvalidSecurityToken.Malformed': { status: 400, message: 'Specified SecurityToken is malformed.' },
  'InvalidSecurityToken.Expired': { status: 400, message: 'Specified SecurityToken is expired.' },
  MissingSecurityToken: { status: 400, message: 'The parameter SecurityToken is needed with this AccessKey.' },
  // what its caller may do: the product decides which code
  'Forbidden.NoPermission': {
    status: 403,
    message: 'This operation for {resource} is forbidden by permission system.',
  },
  NoPermission: { status: 403, message: '{reason}' },
  'Rejected.Throttling': { status: 429, message: 'QPS Limit Exceeded' },
  'Throttling.User': { status: 400, message: 'Request was denied due to user flow control.' },
  // dry runs
  DryRunOperationError: { status: 400, message: 'The request would have succeeded, but it is a dry run.' },
  ValidationError: { status: 400, message: 'The request would have been refused with {code}: {reason}' },
  AccessDeniedError: { status: 403, message: '{reason}' },
  // the service itself
  InternalFailure: { status: 500, message: 'Internal Failure.' },
  ServiceUnavailableTemporary: { status: 503, message: 'Service Unavailable Temporary.' },
} as const satisfies Entries
