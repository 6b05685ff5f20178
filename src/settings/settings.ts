// The settings of `serve`: each has a flag, an environment variable and a key in the configuration file. One table says it all.
import { join } from 'node:path'
import type { TargetSettings } from '../actiontrail/delivery/targets/open.ts'
import { DEFAULT_LIMITS } from '../gateway/limits.ts'
import type { Address } from '../gateway/server.ts'
import { PROVIDER_NAMES, type ProviderName } from '../keystore/root-key-provider.ts'
import { RAM_QUOTAS, type RamQuota, type RamQuotas } from '../ram/settings.ts'
import { DELIVERY_DEFAULTS, DELIVERY_SETTINGS, deliveryTargetOf } from './delivery.ts'
import { HSM_DEFAULTS, HSM_SETTINGS, type HsmSettings, hsmOf } from './hsm.ts'
import { listenAddresses } from './listen.ts'
import { didYouMean } from './nearest.ts'
import { type AccountLimits, quotaProfile, readLimits } from './quotas.ts'
import { UsageError } from './usage-error.ts'

export interface Setting {
  /** The flag without its dashes, which is the configuration file's key too. */
  readonly name: string
  readonly value: string
  readonly help: string
}

/** Regions served unless told otherwise (contract/kms.md section 9), the default first. */
const REGIONS =
  'cn-hangzhou,ap-northeast-1,ap-south-1,ap-southeast-1,ap-southeast-2,ap-southeast-3,ap-southeast-5,cn-beijing,cn-chengdu,cn-guangzhou,cn-hangzhou-finance,cn-heyuan,cn-hongkong,cn-huhehaote,cn-qingdao,cn-shanghai,cn-shanghai-finance-1,cn-shenzhen,cn-shenzhen-finance-1,cn-wulanchabu,cn-zhangjiakou,eu-central-1,eu-west-1,me-east-1,us-east-1,us-west-1'

const DEFAULTS: Readonly<Record<string, string>> = {
  listen: '127.0.0.1:7700',
  'max-connections': String(DEFAULT_LIMITS.maxConnections),
  'max-connections-per-source': String(DEFAULT_LIMITS.maxConnectionsPerSource),
  data: './data',
  region: REGIONS,
  'max-pending-window-days': '30',
  'max-keys': '100000000',
  'max-aliases': '100000000',
  'retention-days': '90',
  'lookup-max-span-days': '90',
  'refused-bytes-per-second': '65536',
  'log-level': 'info',
  ...DELIVERY_DEFAULTS,
  ...HSM_DEFAULTS,
  ...Object.fromEntries(Object.entries(RAM_QUOTAS).map(([name, { fallback }]) => [name, String(fallback)])),
}

const SETTINGS: readonly Setting[] = [
  {
    name: 'listen',
    value: '[REGION=]HOST:PORT[,…]',
    help: 'where to listen; port 0 picks a free one; a region makes it the default of calls on that port',
  },
  { name: 'data', value: 'DIR', help: 'folder for the database, the root key file and the first credentials' },
  {
    name: 'database',
    value: 'URL',
    help: 'postgresql://… or the path of a SQLite file (strongroom.db in the data folder)',
  },
  { name: 'config', value: 'FILE', help: 'a JSON file with any of these settings, named like their flags' },
  { name: 'region', value: 'ID[,ID…]', help: 'the regions to serve, the default one first' },
  { name: 'tls-cert', value: 'FILE', help: 'certificate chain (PEM) for HTTPS; goes with --tls-key' },
  { name: 'tls-key', value: 'FILE', help: 'private key (PEM) for HTTPS' },
  {
    name: 'tls',
    value: 'self-signed',
    help: 'HTTPS with a certificate of a local CA, whose ca.pem lies in the data folder',
  },
  {
    name: 'tls-names',
    value: 'NAME[,NAME…]',
    help: 'further host names and addresses for the self-signed certificate',
  },
  { name: 'insecure-http', value: 'true|false', help: 'allow plain HTTP on an address that is not loopback' },
  {
    name: 'max-connections',
    value: 'N',
    help: 'connections at once; beyond, the one that was silent longest gives way',
  },
  {
    name: 'max-connections-per-source',
    value: 'N',
    help: 'the same for one IPv4 address or IPv6 network of 64 bits; loopback may have all: raise it behind a proxy elsewhere',
  },
  {
    name: 'root-key-file',
    value: 'FILE',
    help: 'the file of the key that wraps the root keys (root-key in the data folder)',
  },
  {
    name: 'root-key-provider',
    value: 'file|passphrase|hsm',
    help: 'what wraps the root keys of a new database; of one that exists, what must be (a passphrase, where one is given, or a file)',
  },
  { name: 'passphrase-file', value: 'FILE', help: 'wrap the root keys by the passphrase in this file' },
  { name: 'max-pending-window-days', value: 'DAYS', help: 'longest waiting time of ScheduleKeyDeletion, 30 to 366' },
  { name: 'max-keys', value: 'N', help: 'quota of CMKs per account and region (the cloud: 200)' },
  { name: 'max-aliases', value: 'N', help: 'quota of aliases per account and region (the cloud: 300)' },
  { name: 'retention-days', value: 'DAYS', help: 'how long events are kept and can be looked up, at least 90' },
  { name: 'lookup-max-span-days', value: 'DAYS', help: 'longest time range of one LookupEvents, 30 or more' },
  {
    name: 'refused-bytes-per-second',
    value: 'BYTES',
    help: "what events of an account's refused calls may take on average, 256 times as much at once",
  },
  ...DELIVERY_SETTINGS,
  ...HSM_SETTINGS,
  ...Object.entries(RAM_QUOTAS).map(([name, { help }]) => ({ name, value: 'N', help: `quota of ${help}` })),
  {
    name: 'quota-profile',
    value: 'alibaba-shared',
    help: 'keys, aliases and calls per second as the cloud publishes them; more particular settings win',
  },
  { name: 'quotas-file', value: 'FILE', help: 'a JSON file with limits of single accounts' },
  {
    name: 'dev',
    value: 'true|false',
    help: 'for development: a clock that can be moved, on a store of its own, on loopback',
  },
  { name: 'seed', value: 'FILE', help: 'with --dev: accounts, users, policies, keys and aliases to make at the start' },
  {
    name: 'metrics-listen',
    value: 'HOST:PORT',
    help: 'serve Prometheus metrics at /metrics on a port of their own; beyond loopback over HTTPS',
  },
  { name: 'log-level', value: 'LEVEL', help: 'debug, info, warn, error or silent' },
]

/** The settings of a server, checked. Nothing in them is secret but `passphrase`, `root`, `hsm.pin` and the credentials of `deliveryTarget`. */
export interface Settings {
  /** At least one. */
  readonly listen: readonly Address[]
  readonly maxConnections: number
  readonly maxConnectionsPerSource: number
  readonly data: string
  readonly database: string | null
  readonly regions: readonly string[]
  readonly tls: { readonly cert: string; readonly key: string } | { readonly selfSignedFor: readonly string[] } | null
  readonly rootKeyFile: string | null
  readonly passphrase: string | null
  readonly rootKeyProvider: ProviderName | null
  readonly maxPendingWindowDays: number
  readonly maxKeys: number
  readonly maxAliases: number
  readonly rates: AccountLimits['rates']
  /** The accounts whose limits are others. */
  readonly accounts: ReadonlyMap<string, AccountLimits>
  readonly dev: boolean
  readonly seed: string | null
  readonly metrics: { readonly host: string; readonly port: number; readonly plain: boolean } | null
  readonly retentionDays: number
  readonly lookupMaxSpanDays: number
  readonly refusedBytesPerSecond: number
  readonly deliveryTarget: TargetSettings
  readonly deliveryIntervalMs: number
  readonly hsm: HsmSettings | null
  /** Empty where no HSM is configured. */
  readonly hsmRegions: readonly string[]
  readonly logLevel: string
  readonly quotas: RamQuotas
  /** The account's fixed credentials, from the environment. */
  readonly root: { readonly accessKeyId: string; readonly accessKeySecret: string } | null
  readonly accountId: string | null
}

export type Env = Readonly<Record<string, string | undefined>>
export type ReadFile = (path: string) => string

/** The settings from flags, environment and configuration file, in this order of precedence. Throws UsageError. */
export function readSettings(args: readonly string[], env: Env, readFile: ReadFile): Settings {
  const flags = readFlags(args)
  const fromEnv = (name: string) => env[environmentName(name)] || undefined
  const configFile = flags.get('config') ?? fromEnv('config')
  const file = configFile === undefined ? new Map<string, string>() : readConfiguration(configFile, readFile)
  const told = (name: string) => flags.get(name) ?? fromEnv(name) ?? file.get(name)
  const profileName = told('quota-profile')
  const profile = profileName === undefined ? null : quotaProfile(profileName)
  const profiled: Readonly<Record<string, number>> = profile?.quotas ?? {}
  const get = (name: string) => told(name) ?? profiled[name]?.toString() ?? DEFAULTS[name] ?? null
  const passphraseFile = get('passphrase-file')
  const regions = list('region', get('region') ?? '', /^[a-z0-9-]{1,64}$/)
  const listen = listenAddresses(get('listen') ?? '', regions, address)
  const hosts = listen.map(({ host }) => host)
  const insecure = truth('insecure-http', get)
  const metrics = metricsOf(get, insecure)
  const hsm = hsmOf(get, env, {
    list: (name, value, item) => list(name, value, item),
    whole: (name, min, max) => whole(name, get, min, max),
  })
  const settings: Settings = {
    listen,
    maxConnections: whole('max-connections', get, 1, 1_000_000),
    maxConnectionsPerSource: whole('max-connections-per-source', get, 1, 1_000_000),
    data: get('data') ?? '',
    database: get('database'),
    regions,
    tls: tlsOf(get, metrics ? [...hosts, metrics.host] : hosts),
    rootKeyFile: get('root-key-file'),
    passphrase:
      env['STRONGROOM_PASSPHRASE'] || (passphraseFile && readFile(passphraseFile).replace(/\r?\n$/, '')) || null,
    rootKeyProvider: get('root-key-provider') === null ? null : oneOf('root-key-provider', get, PROVIDER_NAMES),
    maxPendingWindowDays: whole('max-pending-window-days', get, 30, 366),
    ...readLimits(
      get('quotas-file'),
      {
        maxKeys: whole('max-keys', get, 1, 1_000_000_000),
        maxAliases: whole('max-aliases', get, 1, 1_000_000_000),
        groups: profile?.rates ?? [],
      },
      readFile,
    ),
    metrics,
    retentionDays: whole('retention-days', get, 90, 36_500),
    lookupMaxSpanDays: whole('lookup-max-span-days', get, 30, 36_500),
    refusedBytesPerSecond: whole('refused-bytes-per-second', get, 1024, 1_000_000_000),
    deliveryTarget: deliveryTargetOf(get, env, readFile),
    deliveryIntervalMs: 1000 * whole('delivery-interval-seconds', get, 1, 3600),
    quotas: quotasOf(get),
    dev: truth('dev', get),
    seed: get('seed'),
    hsm,
    hsmRegions: hsm ? list('hsm-regions', get('hsm-regions') ?? '', /^[a-z0-9-]{1,64}$/) : [],
    logLevel: oneOf('log-level', get, ['debug', 'info', 'warn', 'error', 'silent']),
    root: rootOf(env),
    accountId: accountOf(env),
  }
  checkProvider(settings)
  const open = hosts.find((host) => !isLoopback(host))
  if (settings.dev && open !== undefined)
    throw new UsageError(`\`dev\` is for this machine alone: listen on 127.0.0.1, not on \`${open}\``)
  if (settings.seed !== null && !settings.dev) throw new UsageError('`seed` goes with --dev')
  const readable = open ?? (metrics?.plain === false ? metrics.host : undefined)
  if (!settings.tls && !insecure && readable !== undefined)
    throw new UsageError(
      `plain HTTP on \`${readable}\` could be read by others: set tls-cert and tls-key, or --tls self-signed, or allow it with --insecure-http`,
    )
  return Object.freeze(settings)
}

function checkProvider({ rootKeyProvider, passphrase, hsm }: Settings): void {
  if (rootKeyProvider === 'hsm' && !hsm)
    throw new UsageError('`root-key-provider` hsm needs an HSM: set hsm-module and hsm-token')
  if (rootKeyProvider === 'passphrase' && passphrase === null)
    throw new UsageError('`root-key-provider` passphrase needs one: set STRONGROOM_PASSPHRASE or passphrase-file')
  if (rootKeyProvider !== null && rootKeyProvider !== 'passphrase' && passphrase !== null)
    throw new UsageError(`a passphrase does not go with \`root-key-provider\` ${rootKeyProvider}`)
}

/** The help of `serve`'s flags. */
export function settingsHelp(): string {
  const lines = SETTINGS.map(({ name, value, help }) => {
    const fallback = name === 'region' ? 'cn-hangzhou and all others of the cloud' : DEFAULTS[name]
    return `  --${`${name} ${value}`.padEnd(36)} ${help}${fallback === undefined ? '' : ` (${fallback})`}`
  })
  return [
    ...lines,
    '',
    'Each flag has an environment variable: STRONGROOM_ and its name in capitals, with _ for - (STRONGROOM_LISTEN).',
    'STRONGROOM_PASSPHRASE, STRONGROOM_HSM_PIN, STRONGROOM_ROOT_ACCESS_KEY_ID, STRONGROOM_ROOT_ACCESS_KEY_SECRET, STRONGROOM_ACCOUNT_ID,',
    'STRONGROOM_DELIVERY_ACCESS_KEY_ID and STRONGROOM_DELIVERY_ACCESS_KEY_SECRET are taken from the environment only.',
  ].join('\n')
}

/** Settings whose flag alone means true. */
const SWITCHES = ['insecure-http', 'dev']

/** Settings whose flag may come several times, for several values. */
const REPEATABLE = ['listen']

function truth(name: string, get: (name: string) => string | null): boolean {
  return oneOf(name, () => get(name) ?? 'false', ['true', 'false']) === 'true'
}

function environmentName(name: string): string {
  return `STRONGROOM_${name.toUpperCase().replaceAll('-', '_')}`
}

function known(name: string): boolean {
  return SETTINGS.some((setting) => setting.name === name)
}

function readFlags(args: readonly string[]): Map<string, string> {
  const flags = new Map<string, string>()
  const add = (name: string, value: string) => {
    const before = REPEATABLE.includes(name) ? flags.get(name) : undefined
    flags.set(name, before === undefined ? value : `${before},${value}`)
  }
  for (let i = 0; i < args.length; i++) {
    const [flag = '', inline] = (args[i] ?? '').split(/=(.*)/s)
    const name = flag.replace(/^--/, '')
    if (!flag.startsWith('--') || !known(name))
      throw new UsageError(`unknown flag \`${flag}\`${nearFlag(name)}: see \`strongroom serve --help\``)
    const next = args[i + 1]
    if (inline !== undefined) add(name, inline)
    else if (SWITCHES.includes(name) && (next === undefined || next.startsWith('--'))) flags.set(name, 'true')
    else if (next === undefined) throw new UsageError(`the flag \`${flag}\` needs a value`)
    else {
      add(name, next)
      i++
    }
  }
  return flags
}

function nearFlag(name: string): string {
  return didYouMean(
    `--${name}`,
    SETTINGS.map((setting) => `--${setting.name}`),
  )
}

function readConfiguration(path: string, readFile: ReadFile): Map<string, string> {
  let content: unknown
  try {
    content = JSON.parse(readFile(path))
  } catch (error) {
    throw new UsageError(`the configuration file \`${path}\` can't be read: ${(error as Error).message}`)
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new UsageError(`the configuration file \`${path}\` must hold a JSON object`)
  return new Map(
    Object.entries(content).map(([name, value]) => {
      if (!known(name) || name === 'config') throw new UsageError(`unknown key \`${name}\` in \`${path}\``)
      return [name, Array.isArray(value) ? value.join(',') : String(value)]
    }),
  )
}

/** Metrics go over plain HTTP on loopback, where nobody else reads them, and elsewhere only where that is allowed. */
function metricsOf(get: (name: string) => string | null, insecure: boolean): Settings['metrics'] {
  const listen = get('metrics-listen')
  if (listen === null) return null
  const { host, port } = address('metrics-listen', listen)
  return { host, port, plain: insecure || isLoopback(host) }
}

function address(name: string, listen: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(listen)
  const port = Number(match?.[3])
  if (!match || port > 65_535)
    throw new UsageError(`\`${name}\` must be HOST:PORT, such as 127.0.0.1:7700, not \`${listen}\``)
  return { host: match[1] ?? match[2] ?? '', port }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function list(name: string, value: string, item: RegExp): string[] {
  const items = value.split(',').map((one) => one.trim())
  const bad = items.find((one) => !item.test(one))
  if (bad !== undefined) throw new UsageError(`\`${name}\` holds \`${bad}\`, which is not valid`)
  return [...new Set(items)]
}

function whole(name: string, get: (name: string) => string | null, min: number, max: number): number {
  const number = Number(get(name))
  if (!Number.isInteger(number) || number < min || number > max)
    throw new UsageError(`\`${name}\` must be a whole number from ${min} to ${max}`)
  return number
}

function quotasOf(get: (name: string) => string | null): RamQuotas {
  const names = Object.keys(RAM_QUOTAS) as RamQuota[]
  return Object.fromEntries(names.map((name) => [name, whole(name, get, 1, 1_000_000_000)])) as Record<RamQuota, number>
}

function oneOf<T extends string>(name: string, get: (name: string) => string | null, choices: readonly T[]): T {
  const chosen = choices.find((choice) => choice === get(name))
  if (chosen === undefined) throw new UsageError(`\`${name}\` must be one of ${choices.join(', ')}`)
  return chosen
}

function tlsOf(get: (name: string) => string | null, hosts: readonly string[]): Settings['tls'] {
  const [cert, key, mode] = [get('tls-cert'), get('tls-key'), get('tls')]
  if (mode !== null) {
    if (mode !== 'self-signed') throw new UsageError('`tls` must be self-signed')
    if (cert !== null || key !== null) throw new UsageError('`tls` does not go with tls-cert and tls-key')
    const names = get('tls-names')?.split(',') ?? []
    return { selfSignedFor: [...new Set(['localhost', '127.0.0.1', '::1', ...hosts, ...names])] }
  }
  if (cert === null && key === null) return null
  if (cert === null || key === null) throw new UsageError('tls-cert and tls-key go together')
  return { cert, key }
}

function rootOf(env: Env): Settings['root'] {
  const [accessKeyId, accessKeySecret] = [
    env['STRONGROOM_ROOT_ACCESS_KEY_ID'] || null,
    env['STRONGROOM_ROOT_ACCESS_KEY_SECRET'] || null,
  ]
  if (accessKeyId === null && accessKeySecret === null) return null
  if (accessKeyId === null || accessKeySecret === null)
    throw new UsageError('STRONGROOM_ROOT_ACCESS_KEY_ID and STRONGROOM_ROOT_ACCESS_KEY_SECRET go together')
  if (!/^(?!STS\.)[A-Za-z0-9._-]{1,128}$/.test(accessKeyId))
    throw new UsageError(
      'STRONGROOM_ROOT_ACCESS_KEY_ID must be 1 to 128 letters, digits, ., _ or -, and not begin with STS., as temporary ones do',
    )
  return { accessKeyId, accessKeySecret }
}

function accountOf(env: Env): string | null {
  const accountId = env['STRONGROOM_ACCOUNT_ID'] || null
  if (accountId !== null && !/^\d{16}$/.test(accountId)) throw new UsageError('STRONGROOM_ACCOUNT_ID must be 16 digits')
  return accountId
}

/** Where the root key file is, if the root key comes from one. */
export function rootKeyPath(settings: Pick<Settings, 'rootKeyFile' | 'data'>): string {
  return settings.rootKeyFile ?? defaultRootKeyPath(settings)
}

/** Where it is unless told otherwise. */
export function defaultRootKeyPath({ data }: Pick<Settings, 'data'>): string {
  return join(data, 'root-key')
}
