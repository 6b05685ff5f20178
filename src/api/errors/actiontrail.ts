// The refusals of ActionTrail's operations.
import type { Entries } from './entries.ts'

export const actiontrail = {
  // lookups of events
  InvalidQueryParameter: { status: 400, message: 'The specified query parameter is invalid.' },
  InvalidParameterCombination: { status: 400, message: 'The end time must be later than the start time.' },
  InvalidParameterStartTime: { status: 400, message: 'The specified StartTime is invalid.' },
  InvalidParameterEndTime: { status: 400, message: 'The specified EndTime is invalid.' },
  // trails
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
  // verifications, which the cloud does not have
  VerificationInProgressException: {
    status: 400,
    message: 'A verification of the event chain is in progress. Wait for its verdict, or cancel it.',
  },
  VerificationTooSoonException: {
    status: 400,
    message:
      'The last verification of the account has ended a short time ago. The next one can be started from {when} on.',
  },
  VerificationNotFoundException: { status: 404, message: 'No verification of the event chain is in progress.' },
  ServiceUnavailable: { status: 503, message: 'The service is unavailable. Please try again later.' },
} as const satisfies Entries
