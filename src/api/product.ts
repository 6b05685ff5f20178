// The products of the cloud. All differences between them are declared here, so that no other file has to distinguish products.
import { type Denial, type Refusal, refuse, refuseFor } from './errors.ts'

export interface Product {
  /** Its name in events, metrics and the quotas file. */
  readonly name: string
  /** Its name in actions of policies, in host names and on the command line. */
  readonly service: string
  /** Its name on pages for people. */
  readonly title: string
  /** The only path of its calls besides `/`; null where there is none. */
  readonly path: string | null
  /** Whether it is the same in every region. Then a RegionId that is not served is ignored. */
  readonly isGlobal: boolean
  /** Whether its events appear in every region. */
  readonly hasGlobalEvents: boolean
  /** Whether each region of an account has separate rate limits. */
  readonly hasRegionalRates: boolean
  readonly requestIds: 'lower case' | 'upper case'
  /** The forms of its resources' ARNs in the cloud, with REGION, ACCOUNT and NAME as placeholders. The service does not have all of these kinds. */
  readonly resources: readonly string[]
  /** The refusal of a call over its account's rate. */
  throttled(): Refusal
  /** The refusal of a call that policies do not allow. */
  denied(denial: Denial): Refusal
}

/** The version of the API of KMS. */
export const KMS_VERSION = '2016-01-20'

export const KMS: Product = {
  name: 'Kms',
  service: 'kms',
  title: 'KMS',
  path: null,
  isGlobal: false,
  hasGlobalEvents: false,
  hasRegionalRates: true,
  requestIds: 'lower case',
  resources: ['key', 'key/NAME', 'alias', 'alias/NAME', 'secret', 'secret/NAME', 'certificate', 'certificate/NAME'].map(
    (resource) => `acs:kms:REGION:ACCOUNT:${resource}`,
  ),
  throttled: () => refuse('Rejected.Throttling'),
  denied: (denial) => refuseFor(denial, 'Forbidden.NoPermission', { resource: askedFor(denial) }),
}

/** Common to all products except KMS. */
const OTHER = {
  path: null,
  isGlobal: false,
  hasGlobalEvents: false,
  hasRegionalRates: false,
  requestIds: 'upper case',
  throttled: () => refuse('Throttling.User'),
} as const

export const RAM: Product = {
  ...OTHER,
  name: 'Ram',
  service: 'ram',
  title: 'RAM',
  isGlobal: true,
  hasGlobalEvents: true,
  resources: [
    ...['user', 'group', 'role', 'policy', 'mfa', 'saml-provider', 'oidc-provider'].map(
      (kind) => `acs:ram:*:ACCOUNT:${kind}/NAME`,
    ),
    'acs:ram:*:ACCOUNT:*',
    'acs:ram:*:system:policy/NAME',
  ],
  denied: (denial) => refuseFor(denial, 'NoPermission', { reason: 'You are not authorized to do this action.' }),
}

export const IMS: Product = {
  ...OTHER,
  name: 'Ims',
  service: 'ims',
  title: 'IMS',
  isGlobal: true,
  hasGlobalEvents: true,
  // Its operations concern resources of RAM. But policies that cover whole products list these ARNs too.
  resources: ['acs:ims:*:ACCOUNT:*', 'acs:ims:*:ACCOUNT:saml-provider/NAME'],
  denied: RAM.denied,
}

export const STS: Product = {
  ...OTHER,
  name: 'Sts',
  service: 'sts',
  title: 'STS',
  isGlobal: true,
  // No resource here has such an ARN. But policies that cover whole products list it.
  resources: ['acs:sts:*:ACCOUNT:*'],
  denied: (denial) =>
    refuseFor(denial, 'NoPermission', {
      reason: 'You are not authorized to do this action. You should be authorized by RAM.',
    }),
}

export const ACTIONTRAIL: Product = {
  ...OTHER,
  name: 'Actiontrail',
  service: 'actiontrail',
  title: 'ActionTrail',
  path: '/actiontrail',
  resources: ['acs:actiontrail:REGION:ACCOUNT:trail/NAME'],
  denied: (denial) =>
    refuseFor(denial, 'NoPermission', {
      reason: `You are not authorized to do this operation. Resource: ${askedFor(denial)} Action: ${denial.action}`,
    }),
}

export const PRODUCTS: readonly Product[] = [KMS, RAM, IMS, STS, ACTIONTRAIL]

/** The product in events and metrics of a call that names no product. Such a call reaches no operation, and no policy is evaluated for it. */
export const UNKNOWN_PRODUCT: Product = {
  ...OTHER,
  name: 'Unknown',
  service: 'unknown',
  title: 'Unknown',
  resources: [],
  requestIds: 'lower case',
  denied: RAM.denied,
}

const byName: ReadonlyMap<string, Product> = new Map(PRODUCTS.map((product) => [product.name, product]))

/** The product that an event names, or null. */
export function productNamed(name: string): Product | null {
  return byName.get(name) ?? null
}

/** The resource as the caller named it. A denied caller must not learn more. */
function askedFor({ asked, resource }: Denial): string {
  return asked ?? resource
}
