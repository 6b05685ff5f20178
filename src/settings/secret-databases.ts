// The file of databases in which the service may change passwords: for each instance id, the database's address, the account that owns it,
// and the roles.
import { isJsonObject, type JsonObject } from '../runtime/json.ts'
import { type Address, addressOf } from '../storage/postgresql-address.ts'
import { fileOf, type ReadFile } from './sources.ts'
import { UsageError } from './usage-error.ts'

/** A database in which the service may change passwords. The address contains a password, so it is secret. */
export interface SecretDatabase {
  /** The account whose secrets may name the database. */
  readonly account: string
  readonly address: Address
  /** The names of roles, or prefixes with a final *. */
  readonly roles: readonly string[]
}

/** The databases by instance id. */
export type SecretDatabases = ReadonlyMap<string, SecretDatabase>

const INSTANCE_ID = /^[A-Za-z0-9_-]{1,128}$/
const MEMBERS = ['account', 'connection', 'roles']

/**
 * Reads the file: an object of instance ids, each with `account`, `connection` and `roles`. Throws UsageError without any connection
 * string.
 */
export function readSecretDatabases(path: string, readFile: ReadFile): SecretDatabases {
  const given = objectIn(parsed(path, readFile), `\`${path}\``)
  return new Map(Object.entries(given).map(([id, value]) => [id, databaseOf(id, value, path)]))
}

/** Whether the operator lets the service change this role's password. */
export function mayChange({ roles }: Pick<SecretDatabase, 'roles'>, role: string): boolean {
  return roles.some((name) => (name.endsWith('*') ? role.startsWith(name.slice(0, -1)) : name === role))
}

function databaseOf(id: string, value: unknown, path: string): SecretDatabase {
  const where = `\`${id}\` in \`${path}\``
  if (!INSTANCE_ID.test(id)) throw new UsageError(`${where} is no instance id: use 1 to 128 letters, digits, _ or -`)
  const members = objectIn(value, where)
  const unknown = Object.keys(members).find((name) => !MEMBERS.includes(name))
  if (unknown !== undefined) throw new UsageError(`unknown member \`${unknown}\` of ${where}`)
  const { account, connection, roles } = members
  if (typeof account !== 'string' || !/^\d{16}$/.test(account))
    throw new UsageError(`\`account\` of ${where} must be the 16 digits of the account whose secrets may name it`)
  if (!isListOfNames(roles))
    throw new UsageError(
      `\`roles\` of ${where} must be a JSON array of the roles whose passwords the service may change`,
    )
  const database = { account, roles, address: verifiedAddress(connection, where) }
  const { user } = database.address
  // Without a user, the environment of the service would determine the role of the connection.
  if (user === undefined)
    throw new UsageError(
      `\`connection\` of ${where} has no user: write postgresql://USER@HOST:PORT/DATABASE?sslmode=verify-full`,
    )
  if (mayChange(database, user))
    throw new UsageError(`\`roles\` of ${where} include \`${user}\`, with which the service itself connects`)
  return database
}

function verifiedAddress(connection: unknown, where: string): Address {
  if (typeof connection !== 'string')
    throw new UsageError(`\`connection\` of ${where} must be postgresql://USER@HOST:PORT/DATABASE?sslmode=verify-full`)
  let address: Address
  try {
    address = addressOf(connection)
  } catch (error) {
    throw new UsageError(`\`connection\` of ${where}: ${(error as Error).message.replaceAll('`database`', 'it')}`)
  }
  if (address.tls !== 'verify-full')
    throw new UsageError(`\`connection\` of ${where} must verify the server: add sslmode=verify-full`)
  return address
}

function isListOfNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string' && name !== '')
}

function parsed(path: string, readFile: ReadFile): unknown {
  const content = fileOf('secret-databases', path, readFile)
  try {
    return JSON.parse(content)
  } catch {
    // Without the parser's message: it quotes the file, which may contain a password.
    throw new UsageError(`the file \`${path}\` of \`secret-databases\` is not JSON`)
  }
}

function objectIn(value: unknown, where: string): JsonObject {
  if (isJsonObject(value)) return value
  throw new UsageError(`${where} must contain a JSON object`)
}
