// Settings of the network: addresses, TLS, and limits of connections.
import {
  address,
  type HostAndPort,
  list,
  oneOf,
  type Reader,
  type Rows,
  reading,
  type Told,
  text,
  truth,
  whole,
} from './row.ts'
import { UsageError } from './usage-error.ts'

/** An address for calls. */
export interface Address extends HostAndPort {
  /** The region of calls on this port that name none; null for the server's default region. */
  readonly region: string | null
}

/** Addresses of `listen`: HOST:PORT, or REGION=HOST:PORT. */
const addresses: Reader<readonly Address[]> = {
  placeholder: '[REGION=]HOST:PORT[,…]',
  rule: '',
  schema: { type: ['string', 'array'], items: { type: 'string' } },
  flag: 'list',
  read: (name, given) =>
    given.split(',').map((item) => {
      const [, region = null, at = ''] = /^\s*(?:([^=]*)=)?(.*?)\s*$/s.exec(item) ?? []
      return { ...address.read(name, at), region }
    }),
}

export const REGION = /^[a-z0-9-]{1,64}$/

/** The cloud's regions, the default first (docs/compatibility.md). */
const REGIONS =
  'cn-hangzhou,ap-northeast-1,ap-south-1,ap-southeast-1,ap-southeast-2,ap-southeast-3,ap-southeast-5,cn-beijing,cn-chengdu,cn-guangzhou,cn-hangzhou-finance,cn-heyuan,cn-hongkong,cn-huhehaote,cn-qingdao,cn-shanghai,cn-shanghai-finance-1,cn-shenzhen,cn-shenzhen-finance-1,cn-wulanchabu,cn-zhangjiakou,eu-central-1,eu-west-1,me-east-1,us-east-1,us-west-1'

export const NETWORK = {
  listen: {
    reader: addresses,
    fallback: '127.0.0.1:7700',
    help: 'addresses to listen on; port 0 picks a free port; REGION= sets the default region of calls on the port',
  },
  region: {
    reader: list(REGION, 'ID[,ID…]'),
    fallback: REGIONS,
    shown: 'cn-hangzhou and all other regions of the cloud',
    help: 'the regions to serve, the default one first',
  },
  'tls-cert': {
    reader: text('FILE'),
    help: 'certificate chain (PEM) for HTTPS; requires tls-key; renewed files need no restart',
  },
  'tls-key': { reader: text('FILE'), help: 'private key (PEM) of tls-cert' },
  tls: {
    reader: oneOf(['self-signed']),
    help: 'HTTPS with a certificate of a local CA, which clients must trust: tls/ca.pem in the data folder',
  },
  'tls-names': {
    reader: list(/^[^\s,]+$/, 'NAME[,NAME…]'),
    help: 'further host names and addresses in the certificate of --tls self-signed',
  },
  'insecure-http': {
    reader: truth,
    fallback: 'false',
    help: 'allow plain HTTP on an address that is not loopback',
  },
  'max-connections': {
    reader: whole(1, 1_000_000),
    fallback: '10000',
    help: 'maximum number of open connections; above it, the server closes the oldest connection without an authenticated call of the source that has the most such connections',
  },
  'max-connections-per-source': {
    reader: whole(1, 1_000_000),
    fallback: '1000',
    help: 'maximum number of open connections of one IPv4 address or IPv6 network of 64 bits, except loopback; raise it behind a proxy on another machine',
  },
  'metrics-listen': {
    reader: address,
    help: 'serve Prometheus metrics at /metrics on this address; over HTTPS unless it is loopback',
  },
} as const satisfies Rows

export interface Network {
  /** At least one. */
  readonly listen: readonly Address[]
  /** At least one, the default first. */
  readonly regions: readonly string[]
  readonly maxConnections: number
  readonly maxConnectionsPerSource: number
  readonly tls: { readonly cert: string; readonly key: string } | { readonly selfSignedFor: readonly string[] } | null
  readonly metrics: (HostAndPort & { readonly plain: boolean }) | null
}

/** Throws UsageError. */
export function networkOf(told: Told): Network {
  const get = reading(NETWORK, told)
  const [listen, regions, insecure, metricsAt] = [
    get('listen'),
    get('region'),
    get('insecure-http'),
    get('metrics-listen'),
  ]
  for (const { region } of listen)
    if (region !== null && !regions.includes(region))
      throw new UsageError(`\`listen\` names the region \`${region}\`, which is not among those of \`region\``)
  // On loopback, no other machine can read plain HTTP.
  const metrics = metricsAt && { ...metricsAt, plain: insecure || isLoopback(metricsAt.host) }
  const hosts = listen.map(({ host }) => host)
  const tls = tlsOf(told, metrics ? [...hosts, metrics.host] : hosts)
  const readable = openHost(listen) ?? (metrics?.plain === false ? metrics.host : undefined)
  if (!tls && !insecure && readable !== undefined)
    throw new UsageError(
      `plain HTTP on \`${readable}\` can be read by others: set \`tls-cert\` and \`tls-key\`, or \`tls\` to \`self-signed\`; or allow plain HTTP with \`insecure-http\``,
    )
  return {
    listen,
    regions,
    maxConnections: get('max-connections'),
    maxConnectionsPerSource: get('max-connections-per-source'),
    tls,
    metrics,
  }
}

/** The first host that other machines can reach, if there is one. */
export function openHost(listen: readonly Address[]): string | undefined {
  return listen.find(({ host }) => !isLoopback(host))?.host
}

/** Whether a host, without a URL's brackets, is reachable from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function tlsOf(told: Told, hosts: readonly string[]): Network['tls'] {
  const get = reading(NETWORK, told)
  const [cert, key, mode] = [get('tls-cert'), get('tls-key'), get('tls')]
  if (mode !== null) {
    if (cert !== null || key !== null)
      throw new UsageError(
        'set `tls` for a certificate of the local CA, or `tls-cert` and `tls-key` for your own certificate, but not both',
      )
    const names = get('tls-names') ?? []
    return { selfSignedFor: [...new Set(['localhost', '127.0.0.1', '::1', ...hosts, ...names])] }
  }
  if (cert === null && key === null) return null
  if (cert === null || key === null) throw new UsageError('set both `tls-cert` and `tls-key`, or neither')
  return { cert, key }
}
