// A real PostgreSQL for tests: its own cluster in a temporary folder, reached by a socket and a free port, gone afterwards.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface PostgresqlServer extends AsyncDisposable {
  /** Makes an empty database and returns its URL. */
  database(): string
}

function programs(): string {
  const debian = '/usr/lib/postgresql'
  if (!existsSync(debian)) return ''
  const newest = readdirSync(debian)
    .filter((version) => existsSync(join(debian, version, 'bin/initdb')))
    .sort((a, b) => Number(b) - Number(a))[0]
  return newest === undefined ? '' : join(debian, newest, 'bin/')
}

/** Starts a server; as root it runs under the account `postgres`, since PostgreSQL refuses root. */
export async function startPostgresql(): Promise<PostgresqlServer> {
  const bin = programs()
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-postgresql-'))
  const who = process.getuid?.() === 0 ? account('postgres') : null
  if (who) chownSync(folder, who.uid, who.gid)
  chmodSync(folder, 0o700)
  const options = { ...who, cwd: folder, stdio: 'pipe' } as const
  const port = await freePort()
  const data = join(folder, 'data')
  execFileSync(`${bin}initdb`, ['-D', data, '-U', 'strongroom', '-A', 'trust', '--no-sync'], options)
  const settings = `-p ${port} -k ${folder} -h 127.0.0.1 -c max_connections=60`
  execFileSync(`${bin}pg_ctl`, ['-D', data, '-w', '-o', settings, '-l', join(folder, 'log'), 'start'], {
    ...options,
    stdio: 'ignore',
  })
  let databases = 0
  const stop = () => {
    spawnSync(`${bin}pg_ctl`, ['-D', data, '-m', 'immediate', 'stop'], { ...options, stdio: 'ignore' })
    rmSync(folder, { recursive: true, force: true })
  }
  return {
    database() {
      const name = `test_${++databases}`
      execFileSync(`${bin}createdb`, ['-h', '127.0.0.1', '-p', String(port), '-U', 'strongroom', name], options)
      return `postgresql://strongroom@127.0.0.1:${port}/${name}`
    },
    async [Symbol.asyncDispose]() {
      stop()
    },
  }
}

function account(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
