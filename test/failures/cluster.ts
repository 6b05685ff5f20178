// PostgreSQL as it is run for high availability: a primary and a synchronous standby under Patroni, with etcd, each on a host of its own.
import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { programs } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'
import { type Host, type Network, start } from './network.ts'

/** The size of the file system that each database is on. */
const DISK = '700m'
const PORT = 5432
const FILLER = 'filler'
/** How often Patroni is started until it has made its database. */
const STARTS = 3

/** Patroni's, once there is a cluster: a dead primary is replaced after `ttl` seconds, one whose PostgreSQL alone died at once. */
const WHEN_WHOLE = { ttl: 8, retry_timeout: 3, primary_start_timeout: 0, master_start_timeout: 0 }

/** While the cluster is made, nothing is in a hurry: a busy machine takes long for a first start. */
const CLUSTER = {
  ttl: 120,
  loop_wait: 1,
  retry_timeout: 30,
  synchronous_mode: true,
  postgresql: {
    use_pg_rewind: true,
    use_slots: true,
    parameters: {
      max_connections: 100,
      shared_buffers: '64MB',
      min_wal_size: '32MB',
      max_wal_size: '128MB',
      wal_keep_size: '64MB',
      max_slot_wal_keep_size: '128MB',
      // A standby that is cut off counts as gone after these.
      wal_sender_timeout: '3s',
      wal_receiver_timeout: '3s',
      tcp_user_timeout: '5s',
    },
  },
}

export class Database {
  readonly host: Host
  readonly #folder: string
  readonly #etcd: Host
  readonly disk: string
  #log = ''
  #patroni: Promise<unknown> | null = null
  #isEnded = false

  constructor(host: Host, folder: string, etcd: Host) {
    this.host = host
    this.#folder = folder
    this.#etcd = etcd
    this.disk = join(folder, host.name)
    mkdirSync(this.disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=700,uid=postgres,gid=postgres`, 'tmpfs', this.disk])
  }

  /** What Patroni and PostgreSQL have said, the last of it. */
  get log(): string {
    return this.#log.slice(-4000)
  }

  /** Whether Patroni has ended. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  begin(): void {
    const { name, address } = this.host
    const file = join(this.#folder, `${name}.json`)
    const all = `host all all 0.0.0.0/0 trust`
    const configuration = {
      scope: 'strongroom',
      name,
      restapi: { listen: `${address}:8008`, connect_address: `${address}:8008` },
      etcd3: { host: `${this.#etcd.address}:2379` },
      bootstrap: { dcs: CLUSTER, initdb: [{ encoding: 'UTF8' }, 'data-checksums', 'no-sync'] },
      postgresql: {
        listen: `${address}:${PORT}`,
        connect_address: `${address}:${PORT}`,
        data_dir: join(this.disk, 'data'),
        bin_dir: programs(),
        pgpass: join(this.disk, 'pgpass'),
        pg_hba: [all, 'host replication all 0.0.0.0/0 trust'],
        authentication: {
          superuser: { username: 'strongroom', password: 'unused' },
          replication: { username: 'replicator', password: 'unused' },
        },
        // None: its path would be too long in a folder deep down.
        parameters: { unix_socket_directories: '' },
        remove_data_directory_on_rewind_failure: true,
        remove_data_directory_on_diverged_timelines: true,
      },
      watchdog: { mode: 'off' },
    }
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(configuration))
    chmodSync(file, 0o644)
    const account = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups']
    const { ended } = start(this.host, [...account, '/usr/bin/patroni', file], (text) => {
      this.#log = (this.#log + text).slice(-20_000)
    })
    this.#isEnded = false
    this.#patroni = ended.then(() => {
      this.#isEnded = true
    })
  }

  /** Begins, and again when Patroni gave up before the condition holds. Throws with the log when that happens too often. */
  async beginUntil(condition: () => Promise<boolean>): Promise<void> {
    for (let attempt = 1; attempt <= STARTS; attempt++) {
      this.begin()
      let isReached = false
      await until(async () => {
        isReached = await condition()
        return isReached || this.#isEnded
      })
      if (isReached) return
      for (const left of ['data', 'data.failed']) rmSync(join(this.disk, left), { recursive: true, force: true })
    }
    throw new Error(`Patroni on ${this.host.name} ended ${STARTS} times:\n${this.log}`)
  }

  /** The process of PostgreSQL that all others of it come from. */
  get postmaster(): number {
    return Number(readFileSync(join(this.disk, 'data/postmaster.pid'), 'utf8').split('\n')[0])
  }

  /** Leaves no byte free on its disk. */
  fillDisk(): void {
    const filler = openSync(join(this.disk, FILLER), 'w')
    try {
      for (const piece = Buffer.alloc(1 << 20); ; ) writeSync(filler, piece)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      closeSync(filler)
    }
  }

  emptyDisk(): void {
    rmSync(join(this.disk, FILLER))
  }

  /** Loses the machine. */
  async crash(): Promise<void> {
    this.host.kill()
    await this.#patroni
  }

  /** Whether Patroni says of it what the path asks: `primary`, `synchronous`, `replica`. */
  async is(role: string): Promise<boolean> {
    const answer = fetch(`http://${this.host.address}:8008/${role}`, { signal: AbortSignal.timeout(1000) })
    return answer.then(
      ({ status }) => status === 200,
      () => false,
    )
  }

  /** Whether it commits a write now, its standby included. */
  async writes(): Promise<boolean> {
    const sql = postgres(`postgresql://strongroom@${this.host.address}:${PORT}/postgres`, {
      max: 1,
      connect_timeout: 1,
      onnotice: () => {},
      fetch_types: false,
    })
    const late = new Promise<boolean>((resolve) => setTimeout(resolve, 1500, false))
    const written = sql.unsafe('UPDATE probe SET n = n + 1').then(
      ({ count }) => count === 1,
      () => false,
    )
    const result = await Promise.race([written, late])
    await sql.end({ timeout: 0 })
    return result
  }
}

export class Cluster {
  readonly databases: readonly [Database, Database]
  readonly etcd: Host
  readonly url: string

  private constructor(databases: readonly [Database, Database], etcd: Host) {
    this.databases = databases
    this.etcd = etcd
    const hosts = databases.map(({ host }) => `${host.address}:${PORT}`).join(',')
    this.url = `postgresql://strongroom@${hosts}/strongroom`
  }

  /** Resolves when the standby is synchronous. */
  static async begin(network: Network, folder: string): Promise<Cluster> {
    chmodSync(folder, 0o755)
    const etcd = await network.host('etcd')
    const at = (port: number) => `http://${etcd.address}:${port}`
    start(
      etcd,
      [
        ...['etcd', '--data-dir', join(folder, 'etcd'), '--log-level', 'error', '--unsafe-no-fsync'],
        ...['--listen-client-urls', at(2379), '--advertise-client-urls', at(2379), '--listen-peer-urls', at(2380)],
      ],
      () => {},
    )
    const first = new Database(await network.host('db1'), folder, etcd)
    const second = new Database(await network.host('db2'), folder, etcd)
    const cluster = new Cluster([first, second], etcd)
    await first.beginUntil(() => first.is('primary'))
    await second.beginUntil(() => cluster.isWhole())
    const changed = await fetch(`http://${first.host.address}:8008/config`, {
      method: 'PATCH',
      body: JSON.stringify(WHEN_WHOLE),
    })
    if (!changed.ok) throw new Error(`Patroni refused its configuration: ${await changed.text()}`)
    const sql = postgres(`postgresql://strongroom@${first.host.address}:${PORT}/postgres`, {
      max: 1,
      onnotice: () => {},
    })
    await sql.unsafe('CREATE TABLE probe AS SELECT 0::bigint AS n')
    await sql.unsafe('CREATE DATABASE strongroom')
    await sql.end()
    return cluster
  }

  /** Resolves when there are a primary and a synchronous standby. */
  whole(): Promise<void> {
    return until(() => this.isWhole())
  }

  /** Whether there are a primary and a synchronous standby. */
  async isWhole(): Promise<boolean> {
    const [a, b] = this.databases
    return (
      ((await a.is('primary')) && (await b.is('synchronous'))) ||
      ((await b.is('primary')) && (await a.is('synchronous')))
    )
  }

  /** The primary and the standby. */
  async roles(): Promise<readonly [Database, Database]> {
    const [first, second] = this.databases
    return (await first.is('primary')) ? [first, second] : [second, first]
  }

  /** Resolves when a write commits somewhere. */
  async writable(): Promise<void> {
    await until(async () => (await Promise.all(this.databases.map((one) => one.writes()))).includes(true))
  }
}
