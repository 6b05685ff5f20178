// deploy/compose.yaml as podman-compose starts it.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BIN } from '../acceptance/program.ts'
import { until } from '../until.ts'
import { packedDebian, succeeds } from './debian.ts'
import type { OwnNetwork } from './own-network.ts'
import { LIMITS, Podman } from './podman.ts'

const FILE = fileURLToPath(new URL('../../deploy/compose.yaml', import.meta.url))
/** As the file names it. */
const POSTGRESQL = 'docker.io/library/postgres:17'
const SERVER = 'strongroom_strongroom_1'
/** Not the one that the file names: the variable must have its effect. */
const PORT = 8700

export class Composed implements Disposable {
  readonly #folder: string
  readonly #network: OwnNetwork
  readonly #podman: Podman

  /** Keeps its files in the folder; `archive` is the image of the server. */
  constructor(folder: string, network: OwnNetwork, archive: string) {
    mkdirSync(folder)
    this.#folder = folder
    this.#network = network
    succeeds('python3', ['-m', 'venv', join(folder, 'venv')])
    succeeds(join(folder, 'venv/bin/pip'), ['install', '--quiet', 'podman-compose==1.6.0'])
    writeFileSync(join(folder, '.env'), `POSTGRES_PASSWORD=0123456789abcdef\nSTRONGROOM_PORT=${PORT}\n`)
    this.#podman = new Podman(folder, (...command) => network.inside(...command))
    try {
      this.#podman.run('load', '--quiet', '--input', archive)
      importPostgresql(this.#podman)
    } catch (error) {
      // Nobody else can dispose of what was never constructed.
      this[Symbol.dispose]()
      throw error
    }
  }

  /**
   * Starts the database, waits until it is healthy, and then does the same with the server. `depends_on` asks for this order, but podman-compose
   * ignores it with a podman before 4.6. Health is checked here: the timers of systemd, which would ask podman to check it, are not there.
   */
  async up(): Promise<void> {
    for (const service of ['postgresql', 'strongroom']) {
      this.#compose('up', '--detach', service)
      await until(() => this.#isHealthy(`strongroom_${service}_1`))
    }
  }

  down(...flags: readonly string[]): void {
    this.#compose('down', ...flags)
  }

  /** Calls an operation of KMS by the command line, as the account; answers what `--print` names of the answer. */
  call(operation: string, print: string, ...parameters: readonly string[]): string {
    const credentials = JSON.parse(this.#file('root-credentials.json'))
    const ca = join(this.#folder, 'ca.pem')
    writeFileSync(ca, this.#file('tls/ca.pem'))
    return this.#run(
      'env',
      `STRONGROOM_ENDPOINT=https://127.0.0.1:${PORT}`,
      `STRONGROOM_CA_FILE=${ca}`,
      `ALIBABA_CLOUD_ACCESS_KEY_ID=${credentials.accessKeyId}`,
      `ALIBABA_CLOUD_ACCESS_KEY_SECRET=${credentials.accessKeySecret}`,
      ...[BIN, 'kms', operation, ...parameters, '--print', print],
    ).trim()
  }

  #compose(...command: readonly string[]): void {
    const files = ['--env-file', join(this.#folder, '.env'), '--file', FILE]
    // A service with a limit of its own gets none of podman's configuration.
    const limits = `--podman-run-args=${LIMITS.map((limit) => `--ulimit=${limit}`).join(' ')}`
    this.#run(join(this.#folder, 'venv/bin/podman-compose'), ...files, limits, ...command)
  }

  #isHealthy(container: string): boolean {
    const state = this.#podman.run('inspect', '--format', '{{.State.Status}}', container)
    if (state !== 'running')
      assert.fail(`${container} is ${state}: ${this.#run('sh', '-c', `podman logs ${container} 2>&1`)}`)
    try {
      this.#podman.run('healthcheck', 'run', container)
      return true
    } catch {
      return false
    }
  }

  /** A file of the server's volume. */
  #file(name: string): string {
    const read = `fs.readFileSync('/var/lib/strongroom/${name}', 'utf8')`
    return this.#podman.run('exec', SERVER, '/usr/bin/node', '-p', read)
  }

  #run(...command: readonly string[]): string {
    const [program = '', ...args] = this.#network.inside(...command)
    return succeeds(program, args, { env: { ...process.env, ...this.#podman.env } })
  }

  [Symbol.dispose](): void {
    this.#podman[Symbol.dispose]()
  }
}

/**
 * Stands in for the image of PostgreSQL that deploy/compose.yaml names, where no registry has it: Debian's PostgreSQL, set up at its first start
 * by a server without TCP, as that image does it.
 */
function importPostgresql(podman: Podman): void {
  const start = `
    mkdir -p /run/postgresql
    chown postgres /run/postgresql $PGDATA
    as() { runuser -u postgres -- "$@"; }
    if [ ! -s $PGDATA/PG_VERSION ]; then
      echo $POSTGRES_PASSWORD > /run/postgresql/password
      as initdb --pgdata=$PGDATA --username=$POSTGRES_USER --pwfile=/run/postgresql/password --auth-host=scram-sha-256
      echo host all all all scram-sha-256 >> $PGDATA/pg_hba.conf
      as pg_ctl --options=--listen_addresses= --wait start
      as createdb --username=$POSTGRES_USER $POSTGRES_USER
      as pg_ctl --mode=fast --wait stop
    fi
    exec runuser -u postgres -- postgres --listen_addresses=*`
  const packed = packedDebian('-postgresql', ['postgresql'])
  const changes = [
    'ENV PGDATA=/var/lib/postgresql/data',
    'VOLUME /var/lib/postgresql/data',
    // Each release has one version.
    `ENV PATH=/usr/lib/postgresql/${postgresqlIn(packed)}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    `ENTRYPOINT ${JSON.stringify(['/bin/sh', '-euc', start])}`,
  ]
  podman.run('import', '--quiet', ...changes.flatMap((one) => ['--change', one]), packed, POSTGRESQL)
}

function postgresqlIn(packed: string): string {
  const [, version = ''] = /usr\/lib\/postgresql\/(\d+)\/bin\/initdb$/m.exec(succeeds('tar', ['-tf', packed])) ?? []
  return version
}
