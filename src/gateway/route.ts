// Routing: finds the operation, product and region of a request from its signed parts (docs/reference/signatures.md, "What decides").
import { Refusal, refuse, refuseOperation } from '../api/errors.ts'
import { PRODUCTS, type Product, UNKNOWN_PRODUCT } from '../api/product.ts'
import type { Authenticated } from './authenticate.ts'
import type { Named } from './call-event.ts'
import type { Door } from './door.ts'
import type { CallOperation, House, ProductVersion } from './house.ts'
import { type HttpRequest, header, type Parameters, pathOf } from './request.ts'

/** The products' own paths. */
const PATHS: ReadonlySet<string | null> = new Set(PRODUCTS.map(({ path }) => path))

/** Refuses methods and paths that no operation has, before anything is decoded. */
export function checkRoute(request: HttpRequest): void {
  if (request.method !== 'GET' && request.method !== 'POST') throw refuse('UnsupportedHTTPMethod')
  const path = pathOf(request)
  if (!/^\/{0,2}$/.test(path) && !PATHS.has(path)) throw refuse('InvalidAction.NotFound')
  if (hasTwoHosts(request.rawHeaders))
    throw refuse('ParseRequestParameterException', { rule: 'There is more than one header Host.' })
}

/** Such a request is refused, because a proxy might use the other Host. */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts > 1
}

/** A parsed Host: kms.cn-hangzhou.aliyuncs.com, kms-vpc.…, ram.aliyuncs.com, and the same under other domains. */
interface NamedHost {
  /** The product of the host, or null. */
  readonly product: Product | null
  /** The label in the region's place; null where it cannot be a region. */
  readonly region: string | null
}

const NETWORK = /-(?:vpc|intranet)$/
const REGION = /^[a-z]{2}-[a-z]+(?:-[a-z0-9]+)*$/

/** A cache of parsed hosts, by the regions of the server. Clients use few different hosts. */
const parsedHosts = new WeakMap<readonly string[], Map<string, NamedHost>>()
const MOST_HOSTS = 64
const LONGEST_HOST = 255

/** Parses a Host header. `regions` are the server's regions, whose names need not have the form of the cloud's. */
function readHost(host: string, regions: readonly string[]): NamedHost {
  const hosts = parsedHosts.get(regions) ?? new Map<string, NamedHost>()
  const known = hosts.get(host)
  if (known) return known
  const named = parsedHost(host, regions)
  if (host.length > LONGEST_HOST) return named
  if (hosts.size === MOST_HOSTS) hosts.clear()
  parsedHosts.set(regions, hosts.set(host, named))
  return named
}

function parsedHost(host: string, regions: readonly string[]): NamedHost {
  const [name = ''] = host.toLowerCase().split(':', 1)
  const [first = '', second = '', ...domain] = name.replace(/\.$/, '').split('.', 16)
  if (second === '' || domain.length === 0) return { product: null, region: null }
  const service = first.replace(NETWORK, '')
  const named = PRODUCTS.find((product) => product.service === service) ?? null
  // ram.aliyuncs.com is the whole name of a global product.
  if (second === 'aliyuncs' && domain.join('.') === 'com') return { product: named, region: null }
  const isCloud = domain.join('.') === 'aliyuncs.com'
  const isRegion = regions.includes(second) || (named !== null && (isCloud || REGION.test(second)))
  return { product: isCloud ? named : null, region: isRegion ? second : null }
}

const HEADERS = { Action: 'x-acs-action', Version: 'x-acs-version' } as const

/** Returns Action or Version from the part of the request that the signature covers. */
function asked(
  request: HttpRequest,
  parameters: Parameters,
  host: Authenticated['host'],
  name: 'Action' | 'Version',
): string {
  return host === 'must agree' ? (parameters.get(name) ?? '') : header(request, HEADERS[name])
}

/** The requested operation, and the version of its product. */
export interface Asked {
  readonly operation: CallOperation
  readonly version: string
}

/**
 * Returns the operation that Action and Version name. With signature 1.0 these are parameters, and the headers x-acs-action and x-acs-version may
 * repeat them. With the other schemes they are these headers, and parameters may repeat them.
 */
function findOperation(
  request: HttpRequest,
  parameters: Parameters,
  { host, scope }: Pick<Authenticated, 'host' | 'scope'>,
  products: readonly ProductVersion[],
): Asked {
  const named = (name: 'Action' | 'Version') => {
    const parameter = parameters.get(name) ?? ''
    const inHeader = header(request, HEADERS[name])
    if (parameter !== '' && inHeader !== '' && parameter !== inHeader)
      throw refuse('InvalidParameter', { name, rule: `The header ${HEADERS[name]} says another one.` })
    const signed = asked(request, parameters, host, name)
    if (signed === '') throw refuse('MissingParameter', { name })
    return signed
  }
  const action = named('Action')
  const version = named('Version')
  const found = products.find((one) => one.version === version)
  const hosted = host === 'means nothing' ? null : readHost(header(request, 'host'), request.regions).product
  if (!found || (hosted !== null && hosted !== found.product)) throw refuse('InvalidVersion')
  const { product, operations, others } = found
  if (scope && scope.product.toLowerCase() !== product.service)
    throw refuse('IncompleteSignature', { rule: 'Credential names another product than Version.' })
  const operation = operations.get(action)
  const path = pathOf(request)
  if (PATHS.has(path) && product.path !== path) throw refuse('InvalidAction.NotFound')
  if (!operation) throw refuseOperation(others.get(action))
  return { operation, version }
}

/**
 * Returns the region of the host, else of the parameter RegionId, else of the signing key (ACS4), else the server's first one.
 * A signed Host overrides RegionId; an unsigned one must agree with it. For a global product, a RegionId that is not served is ignored.
 */
export function regionOf(
  request: HttpRequest,
  parameters: Parameters,
  { host, scope }: Pick<Authenticated, 'host' | 'scope'>,
  { isGlobal }: Product,
  regions: readonly string[],
): string {
  const meant = (region: string) => (region === '' || (isGlobal && !regions.includes(region)) ? null : region)
  const label = host === 'means nothing' ? null : readHost(header(request, 'host'), regions).region
  const asked = meant(parameters.get('RegionId') ?? '')
  if (label !== null && asked !== null && label !== asked && host === 'must agree')
    throw wrongRegion('The host names another region.')
  // Clients without a region send `center` and the like.
  const derivedFor = scope && (regions.includes(scope.region) || REGION.test(scope.region)) ? meant(scope.region) : null
  const region = label ?? asked ?? derivedFor ?? regions[0] ?? ''
  if (!regions.includes(region)) throw wrongRegion(`This server serves ${regions.join(', ')}.`)
  if (derivedFor !== null && derivedFor !== region)
    throw refuse('IncompleteSignature', { rule: 'Credential names another region than the call.' })
  return region
}

function wrongRegion(rule: string) {
  return refuse('InvalidParameter', { name: 'RegionId', rule })
}

/** The destination of a call. `known`: the operation that metrics count it under. */
export type Route = {
  readonly known: Named
  readonly parameters: Parameters
  readonly version: string
  readonly region: string
} & ({ readonly operation: CallOperation } | { readonly operation: Named; readonly refusal: Refusal })

const UNKNOWN = 'Unknown'

/** The operation that metrics count calls of unknown operations under: no text of a request becomes a label. */
const UNROUTED: Named = { product: UNKNOWN_PRODUCT, name: UNKNOWN, access: 'Read', trail: null, parameters: {} }

/** Returns the destination of an authenticated call. For a call without a destination, returns its refusal and the data for its event. */
export function routeOf(
  request: HttpRequest,
  unverified: Parameters,
  authenticated: Authenticated,
  door: Pick<Door, 'complete'>,
  { products }: Pick<House, 'products'>,
): Route {
  const { regions } = request
  let parameters = unverified
  let found: Asked | null = null
  try {
    parameters = door.complete(request, unverified)
    found = findOperation(request, parameters, authenticated, products)
    const { operation, version } = found
    if ((operation.claimant !== undefined) !== (authenticated.caller.type === 'oidc-provider'))
      throw refuse('InvalidAction.NotFound')
    const region = regionOf(request, parameters, authenticated, operation.product, regions)
    return { operation, known: operation, parameters, version, region }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const known = found?.operation ?? UNROUTED
    const named = found ?? unknownOperation(request, parameters, authenticated, products)
    const { operation, version } = named
    return { operation, known, parameters, version, region: regions[0] ?? '', refusal: error }
  }
}

/**
 * Returns a stand-in for an unknown operation, for the event: with the requested name if it is well-formed, and the product of the version
 * or the host. It shows no parameters.
 */
function unknownOperation(
  request: HttpRequest,
  parameters: Parameters,
  { host }: Authenticated,
  products: readonly ProductVersion[],
): { readonly operation: Named; readonly version: string } {
  const signed = (name: 'Action' | 'Version') => asked(request, parameters, host, name)
  const hosted = host === 'means nothing' ? null : readHost(header(request, 'host'), request.regions).product
  const product = products.find(({ version }) => version === signed('Version'))?.product ?? hosted ?? UNKNOWN_PRODUCT
  const name = /^[A-Za-z][A-Za-z0-9]{0,63}$/.exec(signed('Action'))?.[0] ?? UNKNOWN
  const version = /^[A-Za-z0-9.-]{1,32}$/.exec(signed('Version'))?.[0] ?? ''
  const trail = { show: [], reply: [] }
  return { operation: { product, name, access: 'Read', trail, parameters: {} }, version }
}
