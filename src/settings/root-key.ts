// Settings of the data and of the root keys: their places, and the provider of the root keys.
import { join } from 'node:path'
import { PROVIDER_NAMES, type ProviderName } from '../keystore/root-key-provider.ts'
import { isPostgresql } from '../storage/open.ts'
import { oneOf, type Reader, type Rows, reading, type Told, text } from './row.ts'
import { type Env, fileOf, type ReadFile } from './sources.ts'
import { UsageError } from './usage-error.ts'

/** A URL, one without its slashes or its scheme, or the keywords of libpq. */
const CONNECTION = /^[a-z][a-z\d+.-]+:.*[/@]|^\s*(host|hostaddr|port|dbname|user|password|service)\s*=/i

/** Throws UsageError for a connection string of another form than postgresql://…: it is no path, and may contain a password. */
export function demandNoOtherConnection(name: string, given: string, otherwise: string): void {
  if (CONNECTION.test(given) && !isPostgresql(given))
    throw new UsageError(`\`${name}\` must be postgresql://… or ${otherwise}`)
}

const databaseAddress: Reader<string> = {
  ...text('URL'),
  read(name, given) {
    demandNoOtherConnection(name, given, 'the path of a SQLite file')
    return given
  },
}

const dataFolder: Reader<string> = {
  ...text('DIR'),
  read(name, given) {
    if (CONNECTION.test(given))
      throw new UsageError(`\`${name}\` must be a folder: the setting for a database is \`database\``)
    return given
  },
}

export const DATA = {
  data: {
    reader: dataFolder,
    fallback: './data',
    help: 'folder for the database, the root key file and the first credentials',
  },
  database: {
    reader: databaseAddress,
    shown: 'strongroom.db in the data folder',
    help: 'postgresql://… or the path of a SQLite file',
  },
  'root-key-file': {
    reader: text('FILE'),
    shown: 'root-key in the data folder',
    help: 'the key file, whose key wraps the root keys',
  },
  'root-key-provider': {
    reader: oneOf(PROVIDER_NAMES),
    shown: 'a passphrase where one is given, else a file',
    help: 'the provider that wraps the root keys of a new database; for an existing database, the current provider',
  },
  'passphrase-file': { reader: text('FILE'), help: 'wrap the root keys with the passphrase in this file' },
} as const satisfies Rows

export interface Data {
  readonly data: string
  readonly database: string | null
  readonly rootKeyFile: string | null
  /** Secret. */
  readonly passphrase: string | null
  readonly rootKeyProvider: ProviderName | null
}

/** `hasHsm`: whether an HSM is configured. Throws UsageError. */
export function dataOf(told: Told, hasHsm: boolean, env: Env, readFile: ReadFile): Data {
  const get = reading(DATA, told)
  const file = get('passphrase-file')
  const data = {
    data: get('data'),
    database: get('database'),
    rootKeyFile: get('root-key-file'),
    passphrase:
      env['STRONGROOM_PASSPHRASE'] || (file && fileOf('passphrase-file', file, readFile).replace(/\r?\n$/, '')) || null,
    rootKeyProvider: get('root-key-provider'),
  }
  checkProvider(data, hasHsm)
  return data
}

function checkProvider({ rootKeyProvider, passphrase }: Data, hasHsm: boolean): void {
  if (rootKeyProvider === 'hsm' && !hasHsm)
    throw new UsageError('`root-key-provider` hsm needs an HSM: set hsm-module and hsm-token')
  if (rootKeyProvider === 'passphrase' && passphrase === null)
    throw new UsageError('`root-key-provider` passphrase needs one: set STRONGROOM_PASSPHRASE or passphrase-file')
  if (rootKeyProvider !== null && rootKeyProvider !== 'passphrase' && passphrase !== null)
    throw new UsageError(`a passphrase does not go with \`root-key-provider\` ${rootKeyProvider}`)
}

/** The path of the root key file, for the provider `file`. */
export function rootKeyPath(settings: Pick<Data, 'rootKeyFile' | 'data'>): string {
  return settings.rootKeyFile ?? defaultRootKeyPath(settings)
}

export function defaultRootKeyPath({ data }: Pick<Data, 'data'>): string {
  return join(data, 'root-key')
}

/** The database: a URL of PostgreSQL, or the path of a SQLite file. */
export function databaseUrl({ database, data }: Pick<Data, 'database' | 'data'>): string {
  return database ?? join(data, 'strongroom.db')
}

/** Whether several servers may use the database at once. */
export function isShared({ database }: Pick<Data, 'database'>): boolean {
  return database !== null && isPostgresql(database)
}
