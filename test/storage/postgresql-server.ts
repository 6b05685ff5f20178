// A real PostgreSQL for tests: its own cluster in a temporary folder, reached by a socket and a free port, gone afterwards.
import { execFileSync, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { appendFileSync, chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryFolder } from '../owned.ts'

export interface PostgresqlServer extends AsyncDisposable {
  /** Makes an empty database and returns its URL. */
  database(): string
}

/** The folder of the programs of PostgreSQL, with a slash; empty where they are in the path. */
export function programs(): string {
  const debian = '/usr/lib/postgresql'
  if (!existsSync(debian)) return ''
  const newest = readdirSync(debian)
    .filter((version) => existsSync(join(debian, version, 'bin/initdb')))
    .sort((a, b) => Number(b) - Number(a))[0]
  return newest === undefined ? '' : join(debian, newest, 'bin/')
}

/** The port of the server that a whole run shares. */
const SHARED = 'STRONGROOM_TEST_POSTGRESQL'

/** A server to make databases in: the one that the run shares, or one started for the caller alone. */
export async function startPostgresql(): Promise<PostgresqlServer> {
  const shared = process.env[SHARED]
  if (shared === undefined) return startAlone()
  const { database, drop } = databasesAt(Number(shared))
  return {
    database,
    async [Symbol.asyncDispose]() {
      drop()
    },
  }
}

/** Starts the server that this process and all that it starts share. A new database has 300 files: in memory they take a third of the CPU time. */
export async function shareServer(): Promise<AsyncDisposable> {
  const server = await startAlone({ below: memoryFolder() })
  process.env[SHARED] = String(server.port)
  return server
}

/** A server of the caller's own. */
export interface OwnServer extends PostgresqlServer {
  readonly port: number
  /** Its folder, which its account can read; the files of TLS are put there. */
  readonly folder: string
  /** Sets settings, and has the server read them. */
  set(...settings: readonly string[]): void
  /** Makes a server that follows this one. */
  standby(): Promise<OwnServer>
  /** Ends the following, and accepts writes. */
  promote(): void
  /** Ends at once, as if it crashed. */
  crash(): void
}

interface Alone {
  readonly leader?: number | null
  readonly below?: string
}

/**
 * Starts a server with its folder in `below`; as root it runs under the account `postgres`, since PostgreSQL refuses root. `leader` is the
 * port of the one to follow.
 */
export async function startAlone({ leader = null, below = tmpdir() }: Alone = {}): Promise<OwnServer> {
  const bin = programs()
  const folder = mkdtempSync(join(below, 'strongroom-postgresql-'))
  const who = process.getuid?.() === 0 ? account('postgres') : null
  if (who) chownSync(folder, who.uid, who.gid)
  chmodSync(folder, 0o700)
  const options = { ...who, cwd: folder, stdio: 'pipe' } as const
  const port = await freePort()
  const data = join(folder, 'data')
  if (leader === null) {
    execFileSync(`${bin}initdb`, ['-D', data, '-U', 'strongroom', '-A', 'trust', '--no-sync'], options)
  } else {
    const from = ['-h', '127.0.0.1', '-p', `${leader}`, '-U', 'strongroom', '-c', 'fast', '--no-sync']
    execFileSync(`${bin}pg_basebackup`, ['-D', data, '-R', '-X', 'stream', ...from], options)
  }
  const settings = `-p ${port} -k ${folder} -h 127.0.0.1 ${SETTINGS.map((one) => `-c ${one}`).join(' ')}`
  execFileSync(`${bin}pg_ctl`, ['-D', data, '-w', '-o', settings, '-l', join(folder, 'log'), 'start'], {
    ...options,
    stdio: 'ignore',
  })
  const control = (...args: string[]) =>
    spawnSync(`${bin}pg_ctl`, ['-D', data, ...args], { ...options, stdio: 'ignore' })
  const crash = () => void control('-m', 'immediate', 'stop')
  return {
    port,
    folder,
    database: databasesAt(port).database,
    set(...settings) {
      appendFileSync(join(data, 'postgresql.auto.conf'), settings.map((one) => `${one}\n`).join(''))
      control('reload')
    },
    standby: () => startAlone({ leader: port }),
    promote: () => void control('-w', 'promote'),
    crash,
    async [Symbol.asyncDispose]() {
      crash()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Makes, in the server's folder, its certificate for localhost, the authority that issued it (ca.pem), and another one (other.pem). */
export function makeCertificates({ folder }: OwnServer): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  for (const [ca, subject] of [
    ['ca', '/CN=the authority'],
    ['other', '/CN=another authority'],
  ] as const)
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', subject, '-keyout', `${ca}.key`, '-out', `${ca}.pem`],
    )
  openssl(
    ...['req', '-x509', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    ...['-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-addext', 'basicConstraints=critical,CA:FALSE', '-keyout', 'server.key', '-out', 'server.pem'],
  )
  const { uid, gid } = statSync(join(folder, 'data'))
  chownSync(join(folder, 'server.key'), uid, gid)
  chmodSync(join(folder, 'server.key'), 0o600)
}

/** Has the server offer TLS with its certificate. */
export function serveTls({ folder, set }: OwnServer): void {
  const file = (name: string) => `'${join(folder, name)}'`
  set('ssl = on', `ssl_cert_file = ${file('server.pem')}`, `ssl_key_file = ${file('server.key')}`)
}

/** Nothing of it outlives a crash of the machine, nor itself in shared memory. */
const SETTINGS = ['max_connections=300', 'fsync=off', 'full_page_writes=off', 'dynamic_shared_memory_type=mmap']

interface Databases {
  /** Makes an empty database and returns its URL. */
  database(): string
  /** Drops all that it made, even if somebody is still connected. */
  drop(): void
}

function databasesAt(port: number): Databases {
  const made: string[] = []
  const where = ['-h', '127.0.0.1', '-p', String(port), '-U', 'strongroom']
  return {
    database() {
      const name = `test_${randomUUID().replaceAll('-', '')}`
      execFileSync(`${programs()}createdb`, [...where, name], { stdio: 'pipe' })
      made.push(name)
      return `postgresql://strongroom@127.0.0.1:${port}/${name}`
    },
    drop() {
      const statements = made.splice(0).flatMap((name) => ['-c', `DROP DATABASE ${name} WITH (FORCE)`])
      if (statements.length > 0)
        execFileSync(`${programs()}psql`, ['-q', ...where, ...statements, 'postgres'], { stdio: 'pipe' })
    },
  }
}

function account(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** A port of loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
