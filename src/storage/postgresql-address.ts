// The connection string of a PostgreSQL database, as libpq reads it: several hosts, and the demands on TLS.
import { readFile } from 'node:fs/promises'
import { type ConnectionOptions, getCACertificates } from 'node:tls'

export interface Host {
  /** A name, an address, or the folder of a Unix socket, which begins with `/`. */
  readonly host: string
  readonly port: number
}

/** The demands on TLS. Only `verify-full` excludes a man in the middle. */
const TLS_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
type TlsMode = (typeof TLS_MODES)[number]

interface TlsFiles {
  readonly sslrootcert: string | null
  readonly sslcert: string | null
  readonly sslkey: string | null
}

/** The address of a database. `password` is secret. */
export interface Address {
  readonly hosts: readonly [Host, ...Host[]]
  readonly user: string | undefined
  readonly password: string | undefined
  readonly database: string | undefined
  readonly tls: TlsMode
  readonly files: TlsFiles
  /** The most seconds for opening a connection. */
  readonly connectTimeout: number
  /** The parameters of each session, such as application_name. */
  readonly parameters: Readonly<Record<string, string>>
}

const CONNECT_TIMEOUT_S = 10
const DEFAULT_PORT = '5432'
const URL_PARTS =
  /^postgres(?:ql)?:\/\/(?:(?<user>[^/?:]*)(?::(?<password>[^/?]*))?@)?(?<hosts>[^/?]*)(?:\/(?<database>[^?]*))?(?:\?(?<query>.*))?$/
const ONE_HOST = /^(?<host>\[[^\]]+\]|[^:]*)(?::(?<port>\d+))?$/

/**
 * Reads `postgresql://USER@HOST[:PORT][,HOST[:PORT]…]/DATABASE?sslmode=…`. Throws an error that says what to change; no message contains
 * the password.
 */
export function addressOf(url: string): Address {
  const parts = URL_PARTS.exec(url)?.groups
  if (!parts) throw new Error('`database` is no connection string: write postgresql://USER@HOST:PORT/DATABASE')
  // A plus stands for itself, as in libpq: only forms write blanks so.
  const query = new Map(new URLSearchParams(parts['query']?.replaceAll('+', '%2B')))
  const take = (name: string) => {
    const value = query.get(name)
    query.delete(name)
    return value || null
  }
  const hosts = hostsOf(take('host') ?? decoded(parts['hosts'], 'host'), take('port'))
  demandWritable(take('target_session_attrs'))
  const files = { sslrootcert: take('sslrootcert'), sslcert: take('sslcert'), sslkey: take('sslkey') }
  return {
    hosts,
    user: take('user') ?? decoded(parts['user'], 'user'),
    password: take('password') ?? decoded(parts['password'], 'password'),
    database: take('dbname') ?? decoded(parts['database'], 'database'),
    tls: tlsMode(take('sslmode') ?? take('ssl'), files),
    files,
    connectTimeout: secondsOf(take('connect_timeout')) || CONNECT_TIMEOUT_S,
    parameters: Object.fromEntries(query),
  }
}

function decoded(text: string | undefined, what: string): string | undefined {
  if (!text) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Error(`the ${what} in \`database\` has a % that begins no escape: write it as %25`)
  }
}

function secondsOf(text: string | null): number {
  if (text !== null && !/^\d{1,4}$/.test(text))
    throw new Error(`\`connect_timeout\` is \`${text}\`: write whole seconds, at most 9999`)
  return Number(text)
}

function hostsOf(text = 'localhost', port: string | null): Address['hosts'] {
  if (port !== null && !isPort(port))
    throw new Error(`\`port\` is \`${port}\`: write one number for all hosts, or HOST:PORT for each`)
  const hosts = text.split(',').map((part) => {
    const found = ONE_HOST.exec(part)?.groups
    const own = found?.['port'] ?? port ?? DEFAULT_PORT
    if (!found || !isPort(own)) throw new Error(`\`database\` names the host \`${part}\`: write HOST or HOST:PORT`)
    return { host: found['host']?.replace(/^\[|\]$/g, '') || 'localhost', port: Number(own) }
  })
  return hosts as [Host, ...Host[]]
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535
}

/** Strongroom writes, so of several hosts it always uses the one that accepts writes. */
function demandWritable(target: string | null): void {
  if (target !== null && target !== 'read-write' && target !== 'primary')
    throw new Error(`\`target_session_attrs\` is \`${target}\`, but Strongroom writes: leave it out`)
}

function tlsMode(told: string | null, { sslrootcert, sslcert, sslkey }: TlsFiles): TlsMode {
  const text = told === 'true' ? 'require' : (told ?? 'disable')
  const mode = TLS_MODES.find((known) => known === text)
  if (!mode) throw new Error(`\`sslmode\` is \`${text}\`: use one of ${TLS_MODES.join(', ')}`)
  if (sslrootcert !== null && (mode === 'disable' || mode === 'prefer'))
    throw new Error('`sslrootcert` verifies nothing without TLS: add sslmode=verify-full')
  if ((sslcert === null) !== (sslkey === null))
    throw new Error('set both `sslcert` and `sslkey`, the private key of this certificate, or neither')
  // As libpq does.
  return mode === 'require' && sslrootcert !== null ? 'verify-ca' : mode
}

/**
 * The options of TLS with a host of the address. Reads the files each time, so that new certificates take effect. Rejects with an error
 * that says what to change.
 */
export async function tlsOptions({ tls, files }: Address): Promise<ConnectionOptions> {
  const [cert, key] = await Promise.all([pem('sslcert', files.sslcert), pem('sslkey', files.sslkey)])
  const own = cert && key ? { cert, key } : {}
  if (tls === 'prefer' || tls === 'require') return { ...own, rejectUnauthorized: false }
  const trusted = files.sslrootcert === 'system' ? null : await pem('sslrootcert', files.sslrootcert)
  const ca = trusted ?? getCACertificates('system')
  return { ...own, ca, ...(tls === 'verify-ca' && { checkServerIdentity: () => undefined }) }
}

async function pem(name: keyof TlsFiles, path: string | null): Promise<string | null> {
  if (path === null) return null
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw Object.assign(new Error(`\`${name}\`: \`${path}\` can not be read (${error.code})`), { code: 'TLS_FILE' })
  })
  if (!text.includes('-----BEGIN '))
    throw Object.assign(new Error(`\`${name}\`: \`${path}\` is no file in PEM format`), { code: 'TLS_FILE' })
  return text
}
