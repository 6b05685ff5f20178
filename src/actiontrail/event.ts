// The event of a call, in the cloud's shape (contract/actiontrail.md sections 1 to 3). Pure: what it shows is what it is given.
import type { Caller } from '../api/caller.ts'
import type { Refusal } from '../api/errors.ts'
import type { Reply, ReplyValue, Resource } from '../api/operation.ts'

const LONGEST_VALUE = 1024

/** All that an event tells of a call. */
export interface CallFacts {
  readonly requestId: string
  readonly now: number
  readonly product: string
  readonly apiVersion: string
  readonly operation: string
  readonly access: 'Read' | 'Write'
  readonly trail: { readonly show: readonly string[]; readonly reply: readonly string[] }
  readonly region: string
  readonly host: string
  readonly sourceAddress: string
  readonly userAgent: string
  readonly caller: Caller
  readonly parameters: ReadonlyMap<string, string>
  readonly resources: readonly Resource[]
  readonly reply: Reply | null
  readonly refusal: Refusal | null
}

/** The event as JSON text, ready to be stored. */
export function callEvent(facts: CallFacts): string {
  const { requestId, refusal, caller } = facts
  const shown = shownParameters(facts)
  const resources = facts.resources.filter(({ type }) => type !== '')
  return JSON.stringify({
    eventId: requestId,
    eventVersion: 1,
    eventCategory: 'Management',
    eventType: 'ApiCall',
    eventName: facts.operation,
    eventRW: facts.access,
    eventTime: seconds(facts.now),
    eventSource: facts.host,
    serviceName: facts.product,
    apiVersion: facts.apiVersion,
    acsRegion: facts.region,
    isGlobal: false,
    requestId,
    sourceIpAddress: facts.sourceAddress,
    ...(facts.userAgent === '' ? {} : { userAgent: cut(facts.userAgent) }),
    ...(shown === null ? {} : { requestParameters: shown, requestParameterJson: JSON.stringify(shown) }),
    ...(facts.reply === null || facts.trail.reply.length === 0
      ? {}
      : { responseElements: { RequestId: requestId, ...picked(facts.reply, facts.trail.reply) } }),
    ...referenced(resources),
    ...(refusal ? { errorCode: refusal.code, errorMessage: cut(refusal.message) } : {}),
    userIdentity: {
      type: caller.type,
      accountId: caller.accountId,
      principalId: caller.principalId,
      userName: caller.userName,
      accessKeyId: caller.accessKeyId,
    },
    recipientAccountId: caller.accountId,
  })
}

/** What the service did by itself, such as deleting a key whose day has come (contract/actiontrail.md 3.1). */
export interface ServiceFacts {
  readonly eventId: string
  readonly now: number
  readonly name: 'DeleteKey' | 'DeleteExpiredKeyMaterial'
  readonly account: string
  readonly region: string
  readonly resources: readonly Resource[]
}

/** The event of the service's own work, as JSON text. */
export function serviceEvent({ eventId, now, name, account, region, resources }: ServiceFacts): string {
  return JSON.stringify({
    eventId,
    eventVersion: 1,
    eventCategory: 'Management',
    eventType: 'AliyunServiceEvent',
    eventName: name,
    eventRW: 'Write',
    eventTime: seconds(now),
    eventSource: `kms.${region}.aliyuncs.com`,
    serviceName: 'Kms',
    acsRegion: region,
    isGlobal: false,
    requestId: eventId,
    sourceIpAddress: 'Internal',
    ...referenced(resources),
    userIdentity: { type: 'system', accountId: account, principalId: account, userName: 'system' },
    recipientAccountId: account,
  })
}

function shownParameters({ trail, parameters }: CallFacts): Record<string, string> | null {
  const shown = trail.show.flatMap((name) => {
    const value = parameters.get(name)
    return value === undefined ? [] : [[name, cut(value)] as const]
  })
  return shown.length === 0 ? null : Object.fromEntries(shown)
}

function referenced(resources: readonly Resource[]) {
  if (resources.length === 0) return {}
  const names = Map.groupBy(resources, ({ type }) => type)
  const byType = [...names].map(([type, some]) => [type, some.map(({ name }) => cut(name))] as const)
  return {
    referencedResources: Object.fromEntries(byType),
    resourceType: byType.map(([type]) => type).join(';'),
    resourceName: byType.map(([, some]) => some.join(',')).join(';'),
  }
}

/** The members that `paths` (`Name` or `Object.Name`) name; all others stay out. */
function picked(reply: Reply, paths: readonly string[]): Reply {
  const out: Record<string, ReplyValue> = {}
  for (const path of paths) {
    const [outer = '', inner] = path.split('.')
    const value = reply[outer]
    if (value === undefined) continue
    if (inner === undefined) out[outer] = value
    else if (isObject(value) && value[inner] !== undefined)
      out[outer] = { ...(isObject(out[outer]) ? out[outer] : {}), [inner]: value[inner] }
  }
  return out
}

function isObject(value: ReplyValue | undefined): value is Reply {
  return typeof value === 'object' && !Array.isArray(value)
}

function cut(value: string): string {
  return value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}...` : value
}

function seconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
