// The refusals of KMS's operations.
import type { Entries } from './entries.ts'

export const kms = {
  // keys, their versions and their aliases
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
  'Rejected.KeyExhausted': {
    status: 409,
    message:
      'The request was rejected because the key version has encrypted as many messages as are safe. Rotate the key.',
  },
  // secrets
  'Rejected.ResourceExist': { status: 409, message: 'The resource already exists.' },
  'Rejected.ResourceInDeleteWindow': { status: 409, message: 'The secret is planned to be deleted.' },
  'Rejected.ResourceInUse': { status: 409, message: 'restore normal secret' },
  'Rejected.InvalidRequest': { status: 400, message: 'param mismatch' },
  // imported key material
  InvalidKeyMaterial: { status: 400, message: 'key material is invalid.' },
  InvalidImportToken: { status: 400, message: 'import token is invalid.' },
  ExpiredImportToken: { status: 400, message: 'import token is expired.' },
  // tags of several resources
  'Duplicate.TagKey': { status: 400, message: 'The specified tagKey is duplicate.' },
  'InvalidParameter.TagKey': { status: 400, message: 'The specified parameter is not valid.' },
  'InvalidParameter.TagValue': { status: 400, message: 'The specified parameter is not valid.' },
  'InvalidResourceId.NotFound': { status: 404, message: 'The specified ResourceId is not found.' },
  // the account
  'Forbidden.Opened': { status: 400, message: 'Your kms service has been opened.' },
} as const satisfies Entries
