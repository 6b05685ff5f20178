// The event of a call in the cloud's shape, made of what is stored (contract/actiontrail.md sections 1 to 3).
import { isoSeconds } from '../../api/time.ts'
import {
  mapped,
  SERVICE_WORK,
  type StoredCall,
  type StoredCaller,
  type StoredDenial,
  type StoredEvent,
  type StoredService,
} from '../../ledger/stored-event.ts'

/** The event in the cloud's shape. */
export function eventOf(stored: StoredEvent): Record<string, unknown> {
  const facts = JSON.parse(stored.body) as StoredCall | StoredService
  return facts[0] === 2 ? serviceEvent(stored, facts) : callEvent(stored, facts)
}

/** What lookups go by, without making the whole event. */
export interface EventMembers {
  readonly name: string
  readonly access: 'Read' | 'Write'
  readonly type: 'ApiCall' | 'AliyunServiceEvent'
  readonly product: string
  readonly sourceAddress: string
  readonly identity: {
    readonly type: string
    readonly principalId: string
    readonly userName: string
    /** null for the service itself. */
    readonly accessKeyId: string | null
  }
  readonly resources: readonly (readonly [type: string, name: string])[]
}

export function eventMembers({ account, body }: StoredEvent): EventMembers {
  const facts = JSON.parse(body) as StoredCall | StoredService
  if (facts[0] === 2) {
    const [, name, resources] = facts
    const identity = { type: 'system', principalId: account, userName: 'system', accessKeyId: null }
    const type = 'AliyunServiceEvent'
    return { name, access: 'Write', type, product: SERVICE_WORK[name], sourceAddress: 'Internal', identity, resources }
  }
  const [, product, , name, access, , sourceAddress, , caller, , resources] = facts
  const [type, principalId, userName, accessKeyId] = caller
  const identity = { type, principalId, userName, accessKeyId }
  return { name, access, type: 'ApiCall', product, sourceAddress, identity, resources }
}

/** Whether events of a product show in every region (contract/actiontrail.md 3.1). */
export function isGlobal(product: string): boolean {
  return product === 'Ram'
}

function callEvent({ eventId, account, region, at }: StoredEvent, facts: StoredCall): Record<string, unknown> {
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
  const [type, principalId, userName, accessKeyId, startedAt, invokedBy] = caller
  const attributes = startedAt !== undefined && { creationDate: isoSeconds(startedAt), mfaAuthenticated: 'false' }
  return {
    type,
    accountId,
    principalId,
    userName,
    accessKeyId,
    ...(attributes && { sessionContext: { attributes } }),
    ...(invokedBy !== undefined && { invokedBy }),
  }
}

/** Why the call was denied, with the statement that denied it (contract/actiontrail.md 3.6). */
function deniedDetail({ action, resource, type, policyType, by }: StoredDenial): Record<string, string> {
  return {
    AuthAction: action,
    AuthResource: resource,
    NoPermissionType: type,
    PolicyType: policyType,
    ...(by && {
      PolicyName: by.policyName,
      PolicyVersion: by.policyVersion,
      StatementIndex: String(by.statementIndex),
    }),
  }
}

function serviceEvent({ eventId, account, region, at }: StoredEvent, facts: StoredService): Record<string, unknown> {
  const [, name, resources] = facts
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
    userIdentity: { type: 'system', accountId: account, principalId: account, userName: 'system' },
    recipientAccountId: account,
  }
}

function isReference(value: unknown): value is readonly [number] {
  return Array.isArray(value) && value.length === 1 && typeof value[0] === 'number'
}

function referenced(resources: readonly (readonly [type: string, name: string])[]) {
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
