// The resources on which a question about access is decided: those that the operation itself locates, in the caller's own account.
import { parseArn } from '../api/arn.ts'
import type { Caller } from '../api/caller.ts'
import { locateParts } from '../api/locate.ts'
import type { Resource } from '../api/operation.ts'
import { readableValues } from '../api/parameters.ts'
import type { CallContext, CallOperation } from '../gateway/house.ts'
import { products } from '../gateway/products.ts'
import { keyResource } from '../kms/key-resource.ts'
import { secretResource } from '../kms/secrets/secret-name.ts'
import { deviceResource } from '../ram/mfa-device.ts'
import { policyResource, ramResource } from '../ram/resources.ts'

/** The context in which operations locate their resources. */
export type Finding = Pick<CallContext, 'caller' | 'scope' | 'now' | 'ledger' | 'settings'>

/** The resources on which policies are evaluated, and warnings about the limits of the answer. */
export interface Asked {
  readonly resources: readonly Resource[]
  /** Whether the resource belongs to another account. Callers of other accounts have access only through roles. */
  readonly foreign: boolean
  readonly warnings: readonly string[]
}

/** Actions that have no operation of their name. */
const RE_ENCRYPT = ['kms:ReEncryptFrom', 'kms:ReEncryptTo']

/** Returns the operation of an action, ignoring case, or null. */
export function operationOf(action: string): CallOperation | null {
  const lower = action.toLowerCase()
  return (
    everyOperation().find(({ product, name }) => `${product.service}:${name}`.toLowerCase() === lower) ??
    everyOperation().find(({ otherActions = [] }) => otherActions.some((other) => other.toLowerCase() === lower)) ??
    null
  )
}

function everyOperation(): readonly CallOperation[] {
  return products.flatMap(({ operations }) => [...operations.values()])
}

/** Returns a warning where no call needs the action, or null. */
export function unknownAction(action: string): string | null {
  if (operationOf(action) || RE_ENCRYPT.some((known) => known.toLowerCase() === action.toLowerCase())) return null
  const [, name = action] = action.split(':')
  const meant = everyOperation().filter((operation) => operation.name.toLowerCase() === name.toLowerCase())
  const advice = new Set(meant.map((operation) => ` Did you mean ${operation.product.service}:${operation.name}?`))
  return `no call here needs the action \`${action}\`.${[...advice].join('')}`
}

const KIND_AND_NAME = /^([a-z-]+)\/(.+)$/s
/** Stands for the other names that a call would need. No resource can have this name. */
const UNNAMED = '?unnamed?'
/** Parameters that name a call's resources. */
const NAMING = [
  'KeyId',
  'AliasName',
  'UserName',
  'GroupName',
  'RoleName',
  'PolicyName',
  'OIDCProviderName',
  'SecretName',
  'Name',
  'TrailName',
]

/** Returns the resources of the caller's call, as the operation's own `locate` finds them. */
export async function askedFor(operation: CallOperation | null, arn: string, context: Finding): Promise<Asked> {
  const parts = parseArn(arn)
  const warnings: string[] = []
  if (!parts && arn !== '*')
    warnings.push(`\`${arn}\` is no ARN, acs:service:region:account:resource: no call names it`)
  const foreign = parts !== null && parts.account !== context.caller.accountId && parts.account !== 'system'
  if (foreign) return { resources: [plain(arn)], foreign, warnings }
  const resource = await resourceCalled(arn, context)
  if (!operation) return { resources: [resource], foreign, warnings }
  const { found, unnamed } = await locatedBy(operation, arn, resource, context)
  if (unnamed.length > 0 && (parts || arn === '*'))
    warnings.push(
      `${operation.name} is decided on what ${unnamed.join(' and ')} name as well, which this answer leaves out`,
    )
  const arns = found.length > 0 ? found.map(({ arn }) => arn) : ['*']
  if (found.some(({ deniedOn }) => deniedOn === resource.arn))
    warnings.push(
      `${operation.name} is allowed on ${arns.join(' and ')} alone: of statements on ${arn}, only a Deny counts`,
    )
  else if (parts && !arns.includes(resource.arn))
    warnings.push(`${operation.name} is decided on ${arns.join(' and ')}, not on ${arn}`)
  return { resources: found, foreign, warnings }
}

function plain(arn: string): Resource {
  return { type: '', name: '', arn }
}

async function locatedBy(operation: CallOperation, arn: string, resource: Resource, context: Finding) {
  const parameters = Object.entries(operation.parameters)
  // A call names the key by a ciphertext, which the question does not have.
  if (operation.parameters['CiphertextBlob']) {
    const actions = operation.name === 'ReEncrypt' ? RE_ENCRYPT : [undefined]
    return { found: actions.map((action) => (action === undefined ? resource : { ...resource, action })), unnamed: [] }
  }
  const names = namesIn(arn, operation)
  const unnamed = parameters
    .filter(([name, { required }]) => required && NAMING.includes(name) && names[name] === undefined)
    .map(([name]) => name)
  const named = [['PolicyType', 'Custom'], ...unnamed.map((name) => [name, UNNAMED]), ...Object.entries(names)] as const
  const values = Object.create(
    readableValues(operation.parameters, new Map()),
    Object.fromEntries(named.map(([name, value]) => [name, { value, enumerable: true }])),
  ) as never
  const located = await locateParts(operation, values, context as CallContext)
  const all = located.filter(({ onlyNamed }) => !onlyNamed)
  const found = all.filter(({ arn }) => !arn.includes(UNNAMED))
  const isNothing = all.length === 0 && Object.keys(names).length === 0
  // A missing name matters only if it would name a resource. The name of a new secret, for example, does not.
  const deciding = found.length < all.length ? unnamed : []
  return { found: found.length > 0 || isNothing ? found : [resource], unnamed: deciding }
}

/** Returns the parameters by which a call of the operation would name the resource. */
function namesIn(arn: string, { parameters }: CallOperation): Record<string, unknown> {
  const { service = '', account = '', resource = '' } = parseArn(arn) ?? {}
  const [, kind = '', name = ''] = KIND_AND_NAME.exec(resource) ?? []
  const byName: Record<string, unknown> = {}
  if (service === 'kms' && kind === 'alias' && parameters['AliasName']) byName['AliasName'] = resource
  else if (service === 'kms' && (kind === 'key' || kind === 'alias')) {
    byName['KeyId'] = arn
    if (name !== '*') Object.assign(byName, { ResourceId: [arn], ResourceType: 'key' })
  } else if (service === 'kms' && kind === 'secret')
    Object.assign(byName, { SecretName: name, ResourceId: [name], ResourceType: 'secret' })
  else if (service === 'kms' && kind === 'certificate') byName['CertificateId'] = name
  else if (service === 'ram' && kind === 'user') byName['UserName'] = name
  else if (service === 'ram' && kind === 'group') byName['GroupName'] = name
  else if (service === 'ram' && kind === 'role')
    Object.assign(byName, { RoleName: name, ResourceType: 'role', ResourceNames: [name] })
  else if (service === 'ram' && kind === 'policy')
    Object.assign(byName, {
      PolicyName: name,
      PolicyType: account === 'system' ? 'System' : 'Custom',
      ResourceType: 'policy',
      ResourceNames: [name],
    })
  else if (service === 'ram' && kind === 'oidc-provider') byName['OIDCProviderName'] = name
  else if (service === 'ram' && kind === 'mfa')
    Object.assign(byName, { VirtualMFADeviceName: name, SerialNumber: `acs:ram::${account}:mfa/${name}` })
  else if (service === 'actiontrail' && kind === 'trail') Object.assign(byName, { Name: name, TrailName: name })
  return Object.fromEntries(Object.entries(byName).filter(([parameter]) => parameters[parameter]))
}

/** Returns the resource as a call would find it in the caller's account: with its own spelling, its tags, and the key of an alias. */
async function resourceCalled(arn: string, context: Finding): Promise<Resource> {
  const { service = '', account = '', resource = '' } = parseArn(arn) ?? {}
  const [, kind = '', name = ''] = KIND_AND_NAME.exec(resource) ?? []
  if (service === 'kms' && (kind === 'key' || kind === 'alias')) return keyResource(arn, context)
  if (service === 'kms' && kind === 'secret') return secretResource(arn, context)
  if (service !== 'ram') return plain(arn)
  switch (kind) {
    case 'policy':
      return policyResource(account === 'system' ? 'System' : 'Custom', name, context)
    case 'user':
    case 'group':
    case 'role':
    case 'oidc-provider':
      return ramResource(kind, name, context)
    case 'mfa':
      return deviceResource(`acs:ram::${account}:mfa/${name}`, context)
    default:
      return plain(arn.replace(/^acs:ram::/, 'acs:ram:*:'))
  }
}

/**
 * Returns the context in which a call of this caller locates its resources: in the resource's region if the ARN has one, else in the first
 * region.
 */
export function findingOf(
  caller: Caller,
  arn: string,
  now: number,
  rooms: Omit<Finding, 'caller' | 'scope' | 'now'>,
): Finding {
  const region = parseArn(arn)?.region || rooms.settings.regions[0] || ''
  return { ...rooms, caller, scope: { account: caller.accountId, region }, now }
}
