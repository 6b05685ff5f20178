// Renders a stored event as the API shows it (docs/reference/events.md): in lookups, exports and deliveries.
import { isoSeconds } from '../../api/time.ts'
import {
  mapped,
  SERVICE_WORK,
  type StoredCall,
  type StoredCaller,
  type StoredDenial,
  type StoredLogOn,
  type StoredResources,
  type StoredService,
} from '../../ledger/stored-event.ts'
import type { EventRow } from '../../storage/storage.ts'
import { isGlobal, logOnService, logOnType } from './members.ts'

/** The event as a JSON object, its members as ActionTrail names them. */
export function renderEvent(stored: EventRow): Record<string, unknown> {
  const facts = JSON.parse(stored.body) as StoredCall | StoredService | StoredLogOn
  switch (facts[0]) {
    case 2:
      return renderService(stored, facts)
    case 4:
      return renderLogOn(stored, facts)
    default:
      return renderCall(stored, facts)
  }
}

function renderCall({ eventId, account, region, at }: EventRow, facts: StoredCall): Record<string, unknown> {
  const [, product, apiVersion, operation, access, host, sourceAddress, userAgent, caller] = facts
  const [, , , , , , , , , given, resources, reply, error, denial, foreign, unsaid] = facts
  const [requestId, callersAccount] = foreign || [eventId, account]
  const nameOf = (value: unknown) => (typeof value === 'number' ? resources[value]?.[1] : value)
  const parameters = given === 0 ? 0 : mapped(given, nameOf)
  return {
    eventId,
    eventVersion: 1,
    eventCategory: 'Management',
    eventType: 'ApiCall',
    eventName: operation,
    eventRW: access,
    eventTime: isoSeconds(at),
    eventSource: host,
    serviceName: product,
    apiVersion,
    acsRegion: region,
    isGlobal: isGlobal(product),
    requestId,
    sourceIpAddress: sourceAddress,
    ...(userAgent === '' ? {} : { userAgent }),
    ...(parameters === 0 ? {} : { requestParameters: parameters, requestParameterJson: JSON.stringify(parameters) }),
    ...(reply === 0
      ? {}
      : {
          responseElements: {
            RequestId: requestId,
            ...mapped(reply, (value) => (isReference(value) ? nameOf(value[0]) : value)),
          },
        }),
    ...referenced(resources),
    ...(error === 0 ? {} : { errorCode: error[0], errorMessage: error[1] }),
    ...additional({
      ...(isDryRun(parameters) && { DryRun: 'true' }),
      ...(denial && { AccessDeniedDetail: deniedDetail(denial) }),
      ...(unsaid?.cut && { Cut: unsaid.cut.join(',') }),
      ...(unsaid?.unrecorded !== undefined && { UnrecordedRefusals: String(unsaid.unrecorded) }),
    }),
    userIdentity: identityOf(caller, callersAccount),
    recipientAccountId: account,
  }
}

function isDryRun(parameters: Readonly<Record<string, unknown>> | 0): boolean {
  return parameters !== 0 && String(parameters['DryRun']).toLowerCase() === 'true'
}

function additional(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.keys(data).length === 0 ? {} : { additionalEventData: data }
}

function identityOf(caller: StoredCaller, accountId: string): Record<string, unknown> {
  const [type, principalId, userName, accessKeyId, startedAt, startedBy = '', mfa = 0] = caller
  // In events of calls, `system` with an AccessKey is a service; without one, it is the bearer of a token of an OIDC provider.
  const invokedBy = type === 'system' && accessKeyId !== '' ? userName : startedBy
  const mfaAuthenticated = String(mfa === 1)
  const attributes = startedAt !== undefined && { creationDate: isoSeconds(startedAt), mfaAuthenticated }
  return {
    type,
    accountId,
    principalId,
    userName,
    ...(accessKeyId !== '' && { accessKeyId }),
    ...(attributes && { sessionContext: { attributes } }),
    ...(invokedBy !== '' && { invokedBy }),
  }
}

/** Why policies denied the call, and the statement of an explicit denial. */
function deniedDetail({ action, resource, type, policyType, by }: StoredDenial): Record<string, string> {
  return {
    AuthAction: action,
    AuthResource: resource,
    NoPermissionType: type,
    PolicyType: policyType,
    // The policies of sessions and trust policies have neither name nor version.
    ...(by?.policyName && { PolicyName: by.policyName, PolicyVersion: by.policyVersion }),
    ...(by && { StatementIndex: String(by.statementIndex) }),
  }
}

function renderService({ eventId, account, region, at }: EventRow, facts: StoredService): Record<string, unknown> {
  const [, name, resources, invokedBy = '', error] = facts
  return {
    eventId,
    eventVersion: 1,
    eventCategory: 'Management',
    eventType: 'AliyunServiceEvent',
    eventName: name,
    eventRW: 'Write',
    eventTime: isoSeconds(at),
    eventSource: `${SERVICE_WORK[name].toLowerCase()}.${region}.aliyuncs.com`,
    serviceName: SERVICE_WORK[name],
    acsRegion: region,
    isGlobal: false,
    requestId: eventId,
    sourceIpAddress: 'Internal',
    ...referenced(resources),
    ...(error && { errorCode: error[0], errorMessage: error[1] }),
    userIdentity: {
      type: 'system',
      accountId: account,
      principalId: account,
      userName: 'system',
      ...(invokedBy !== '' && { invokedBy }),
    },
    recipientAccountId: account,
  }
}

function renderLogOn({ eventId, account, region, at }: EventRow, facts: StoredLogOn): Record<string, unknown> {
  const [, name, host, sourceAddress, userAgent, caller, loginAccount, callbackUrl, mfa, error = 0, unsaid] = facts
  const checked = String(mfa === 1)
  return {
    eventId,
    eventVersion: 1,
    eventCategory: 'Management',
    eventType: logOnType(name),
    eventName: name,
    eventRW: 'Write',
    eventTime: isoSeconds(at),
    eventSource: host,
    serviceName: logOnService(caller),
    acsRegion: region,
    isGlobal: true,
    requestId: eventId,
    sourceIpAddress: sourceAddress,
    ...(userAgent === '' ? {} : { userAgent }),
    ...(error === 0 ? {} : { errorCode: error[0], errorMessage: error[1] }),
    ...additional({
      loginAccount,
      callbackUrl,
      ...(name === 'ConsoleSignin' && { mfaChecked: checked, isMFAChecked: checked }),
      ...(unsaid?.unrecorded !== undefined && { UnrecordedRefusals: String(unsaid.unrecorded) }),
    }),
    userIdentity: identityOf(caller, account),
    recipientAccountId: account,
  }
}

function isReference(value: unknown): value is readonly [number] {
  return Array.isArray(value) && value.length === 1 && typeof value[0] === 'number'
}

/** The members about resources, grouped by type: the n-th list of names in `resourceName` belongs to the n-th type in `resourceType`. */
function referenced(resources: StoredResources) {
  if (resources.length === 0) return {}
  const byType = [...Map.groupBy(resources, ([type]) => type)].map(
    ([type, some]) => [type, some.map(([, name]) => name)] as const,
  )
  return {
    referencedResources: Object.fromEntries(byType),
    resourceType: byType.map(([type]) => type).join(';'),
    resourceName: byType.map(([, names]) => names.join(',')).join(';'),
  }
}
