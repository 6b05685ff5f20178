// The settings of a server: one table of rows, and the value read from it. Each setting has a flag, an environment variable and a key in
// the configuration file.
import { inFipsMode } from '../runtime/fips.ts'
import { type FlagKinds, type Flags, readFlags } from './flags.ts'
import { HSM, type Hsm, hsmOf } from './hsm.ts'
import { NETWORK, type Network, networkOf, openHost } from './listen.ts'
import { OIDC, type Oidc, oidcOf } from './oidc.ts'
import { QUOTAS, type Quotas, quotasOf } from './quotas.ts'
import { DATA, type Data, dataOf } from './root-key.ts'
import { environmentName, oneOf, type Reader, type Rows, reading, text, truth } from './row.ts'
import { readSecretDatabases, type SecretDatabases } from './secret-databases.ts'
import { type Env, type ReadFile, refuseMisspelled, toldBy } from './sources.ts'
import { TRACES, type Traces, tracesOf } from './traces.ts'
import { TRAIL, type Trail, trailOf } from './trail.ts'
import { UsageError } from './usage-error.ts'

const MOST_WORKERS = 64

const workers: Reader<number | 'auto'> = {
  placeholder: 'N|auto',
  rule: `0 to ${MOST_WORKERS}, or auto`,
  schema: { type: ['integer', 'string'] },
  flag: 'value',
  read(name, given) {
    const number = Number(given)
    if (given === 'auto') return given
    if (Number.isInteger(number) && number >= 0 && number <= MOST_WORKERS) return number
    throw new UsageError(`\`${name}\` must be auto or a whole number from 0 to ${MOST_WORKERS}`)
  },
}

const PROGRAM = {
  config: { reader: text('FILE'), help: 'a JSON file with any of these settings, named like their flags' },
  workers: {
    reader: workers,
    fallback: 'auto',
    help: 'number of processes that serve calls, besides the owner of the database; 0: one process does both; auto: 0 on fewer than four cores and with --dev, otherwise the number of cores minus one, at most 8',
  },
  dev: {
    reader: truth,
    fallback: 'false',
    help: 'for development: a movable clock, with a separate database, only on loopback',
  },
  seed: {
    reader: text('FILE'),
    help: 'with --dev: accounts, users, policies, keys and aliases to create at the start',
  },
  'strict-cloud': {
    reader: truth,
    fallback: 'false',
    help: 'refuse what the cloud does not have: keys of ML_DSA_65 and ML_DSA_87, SM2 and SM4 outside an HSM, and hybrid wrapping',
  },
  fips: {
    reader: truth,
    fallback: 'false',
    help: "start only with OpenSSL's FIPS provider, and refuse work that needs other algorithms",
  },
  'log-level': {
    reader: oneOf(['debug', 'info', 'warn', 'error', 'silent'], 'LEVEL'),
    fallback: 'info',
    help: 'the lowest level of log lines',
  },
} as const satisfies Rows

const SECRETS = {
  'secret-databases': {
    reader: text('FILE'),
    help: 'a JSON file with the databases in which secrets of type Rds may change passwords',
  },
} as const satisfies Rows

/** All settings by topic. */
export const GROUPS: Readonly<Record<string, Rows>> = {
  'Data and root keys': DATA,
  Network: NETWORK,
  Trail: TRAIL,
  Quotas: QUOTAS,
  HSM,
  OIDC,
  Secrets: SECRETS,
  Traces: TRACES,
  Program: PROGRAM,
}

export const SETTINGS: Rows = Object.assign({}, ...Object.values(GROUPS))

/** What only the environment can set: secrets, which a command line or a file would reveal, and the account of a first start. */
export const ENVIRONMENT_ONLY: Readonly<Record<string, string>> = {
  STRONGROOM_PASSPHRASE: 'the passphrase that wraps the root keys',
  STRONGROOM_HSM_PIN: 'the PIN of the tokens',
  STRONGROOM_ROOT_ACCESS_KEY_ID: 'an AccessKey of the account; requires the secret',
  STRONGROOM_ROOT_ACCESS_KEY_SECRET: 'its secret',
  STRONGROOM_ACCOUNT_ID: 'the account of the AccessKey, and of a first start: 16 digits',
  STRONGROOM_DELIVERY_ACCESS_KEY_ID: 'an AccessKey for the endpoint of `delivery-target`; requires the secret',
  STRONGROOM_DELIVERY_ACCESS_KEY_SECRET: 'its secret',
}

const VARIABLES = [...Object.keys(SETTINGS).map(environmentName), ...Object.keys(ENVIRONMENT_ONLY)]

/**
 * The validated settings of a server. Secret are `passphrase`, `root`, `hsm.pin`, the addresses of `secretDatabases`, `traces.url` and the
 * credentials of `deliveryTarget`.
 */
export interface Settings extends Data, Network, Trail, Quotas, Hsm, Oidc, Traces {
  readonly secretDatabases: SecretDatabases
  readonly workers: number | 'auto'
  /** The environment of workers, without the variables of ENVIRONMENT_ONLY. */
  readonly workerEnvironment: Env
  readonly dev: boolean
  readonly seed: string | null
  readonly strictCloud: boolean
  /** Whether the process must be in FIPS mode, or is: OpenSSL's FIPS provider does all cryptography then. */
  readonly fips: boolean
  readonly logLevel: string
  /** The fixed credentials of the account, from the environment. */
  readonly root: { readonly accessKeyId: string; readonly accessKeySecret: string } | null
  readonly accountId: string | null
}

/** The flags of the settings, for every verb that opens the database. */
export const SETTING_FLAGS: FlagKinds = Object.fromEntries(
  Object.entries(SETTINGS).map(([name, { reader }]) => [name, reader.flag]),
)

/** The settings from flags, environment and configuration file, in this order of precedence. Throws UsageError. */
export function readSettings(args: readonly string[], env: Env, readFile: ReadFile): Settings {
  return settingsFrom(readFlags(args, SETTING_FLAGS, 'serve'), env, readFile)
}

/** The same from parsed flags, which may include other flags. Throws UsageError. */
export function settingsFrom(flags: Flags, env: Env, readFile: ReadFile): Settings {
  refuseMisspelled(env, VARIABLES)
  const told = toldBy(flags, SETTINGS, env, readFile)
  const get = reading(PROGRAM, told)
  const hsm = hsmOf(told, env)
  const databases = reading(SECRETS, told)('secret-databases')
  const data = dataOf(told, hsm.hsm !== null, env, readFile)
  const settings: Settings = {
    ...networkOf(told),
    ...quotasOf(told, readFile),
    ...trailOf(told, data.data, env, readFile),
    ...hsm,
    ...oidcOf(told, readFile),
    ...tracesOf(told, env),
    ...data,
    secretDatabases: databases === null ? new Map() : readSecretDatabases(databases, readFile),
    workers: get('workers'),
    workerEnvironment: Object.fromEntries(Object.entries(env).filter(([name]) => !(name in ENVIRONMENT_ONLY))),
    dev: get('dev'),
    seed: get('seed'),
    strictCloud: get('strict-cloud'),
    fips: get('fips') || inFipsMode(),
    logLevel: get('log-level'),
    root: rootOf(env),
    accountId: accountOf(env),
  }
  const open = openHost(settings.listen)
  if (settings.dev && open !== undefined)
    throw new UsageError(`\`dev\` is only for this machine: listen on 127.0.0.1, not on \`${open}\``)
  if (settings.dev && typeof settings.workers === 'number' && settings.workers > 0)
    throw new UsageError('`dev` uses a single process: omit `workers`')
  if (settings.seed !== null && !settings.dev) throw new UsageError('`seed` goes with --dev')
  return Object.freeze(settings)
}

function rootOf(env: Env): Settings['root'] {
  const [accessKeyId, accessKeySecret] = [
    env['STRONGROOM_ROOT_ACCESS_KEY_ID'] || null,
    env['STRONGROOM_ROOT_ACCESS_KEY_SECRET'] || null,
  ]
  if (accessKeyId === null && accessKeySecret === null) return null
  if (accessKeyId === null || accessKeySecret === null)
    throw new UsageError('set both STRONGROOM_ROOT_ACCESS_KEY_ID and STRONGROOM_ROOT_ACCESS_KEY_SECRET, or neither')
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
