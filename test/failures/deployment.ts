// Three servers on the cluster's database, each on a host of its own, with HAProxy in front of them, as docs/running.md has it.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  BIN,
  type Credentials,
  call,
  type Program,
  runProgram,
  startProgram,
  temporaryFolder,
} from '../acceptance/program.ts'
import type { TestToken } from '../keystore/pkcs11/tokens.ts'
import { until } from '../until.ts'
import { Cluster } from './cluster.ts'
import { type Host, Network, start } from './network.ts'

const SERVERS = 3
const PORT = 7700
export const ACCOUNT: Credentials = {
  accountId: '1234567890123456',
  accessKeyId: 'LTAIfailures',
  accessKeySecret: 'the secret of all servers',
}
const ENV = {
  STRONGROOM_ACCOUNT_ID: ACCOUNT.accountId,
  STRONGROOM_ROOT_ACCESS_KEY_ID: ACCOUNT.accessKeyId,
  STRONGROOM_ROOT_ACCESS_KEY_SECRET: ACCOUNT.accessKeySecret,
}

export interface Options {
  readonly token?: TestToken | undefined
  /** Whether the servers run on a clock that can be moved. */
  readonly movesClock?: boolean | undefined
  readonly flags?: readonly string[] | undefined
  /** The program of the former release: one server runs it, and the others are not started. */
  readonly former?: string | null
}

/** A server's place: a host, a data folder, and the process that runs there at the moment. */
export class Server {
  readonly host: Host
  readonly endpoint: string
  readonly #deployment: Deployment
  readonly #data: string
  program: Program | null = null
  #isFormer = false

  constructor(host: Host, deployment: Deployment, folder: string) {
    this.host = host
    this.endpoint = `http://${host.address}:${PORT}`
    this.#deployment = deployment
    this.#data = join(folder, host.name)
    mkdirSync(this.#data)
  }

  async begin(program: string = BIN): Promise<void> {
    const { flags, env } = this.#deployment
    this.moveClock(0)
    const clock = this.#deployment.options.movesClock ? clockOf(this.#clockFile) : {}
    this.#isFormer = program !== BIN
    this.program = await startProgram({
      command: [...this.host.prefix, program, 'serve'],
      hasWorkers: !this.#isFormer,
      listen: `${this.host.address}:${PORT}`,
      data: this.#data,
      flags: ['--insecure-http', '--log-level', 'warn', ...flags],
      env: { ...env, ...clock },
    })
  }

  /** Whether a server of this version runs here. */
  get isCurrent(): boolean {
    return this.program !== null && !this.#isFormer
  }

  get pid(): number {
    const pid = this.program?.process.pid
    if (pid === undefined) throw new Error(`${this.host.name} does not run`)
    return pid
  }

  async stop(signal?: NodeJS.Signals): Promise<number | null> {
    const code = await this.program?.stop(signal)
    this.program = null
    return code ?? null
  }

  /** Sets its clock this far ahead, in seconds. */
  moveClock(seconds: number): void {
    writeFileSync(this.#clockFile, `${seconds < 0 ? '' : '+'}${seconds}\n`)
  }

  get #clockFile(): string {
    return join(this.#data, 'clock')
  }

  /** Runs a verb on its data folder. */
  verb(...args: readonly string[]) {
    return runProgram([...args, '--data', this.#data, ...this.#deployment.flags], this.#deployment.env)
  }

  /** Whether it says that it takes calls. */
  async isReady(): Promise<boolean> {
    return (await health(this.endpoint)) === 200
  }

  /** Whether a call that goes to it directly succeeds now. */
  async serves(KeyId: string): Promise<boolean> {
    const late = new Promise<boolean>((resolve) => setTimeout(resolve, 2000, false))
    const called = call(this.endpoint, ACCOUNT, 'Encrypt', { KeyId, Plaintext: 'x' }, Date.now()).then(
      ({ status }) => status === 200,
      () => false,
    )
    return Promise.race([called, late])
  }
}

export class Deployment {
  readonly cluster: Cluster
  readonly options: Options
  readonly flags: readonly string[]
  readonly env: Record<string, string>
  servers: readonly Server[] = []
  /** Where clients go: HAProxy. */
  endpoint = ''

  readonly #network: Network

  private constructor(network: Network, cluster: Cluster, folder: string, options: Options) {
    this.#network = network
    this.cluster = cluster
    this.options = options
    const token = options.token ? [...options.token.flags, '--root-key-provider', 'hsm'] : []
    const rootKey = options.token ? [] : ['--root-key-file', join(folder, 'root-key')]
    const unlimited = ['--refused-bytes-per-second', '1000000000']
    this.flags = ['--database', cluster.url, ...rootKey, ...token, ...unlimited, ...(options.flags ?? [])]
    this.env = { ...ENV, ...options.token?.env }
  }

  static async begin(options: Options = {}): Promise<Deployment> {
    const folder = temporaryFolder()
    const network = Network.begin()
    const cluster = await Cluster.begin(network, folder)
    const deployment = new Deployment(network, cluster, folder, options)
    const servers: Server[] = []
    for (let n = 1; n <= SERVERS; n++) servers.push(new Server(await network.host(`server${n}`), deployment, folder))
    deployment.servers = servers
    const { former } = options
    if (former) await servers[0]?.begin(former)
    else for (const server of servers) await server.begin()
    const balancer = await network.host('balancer')
    deployment.endpoint = `http://${balancer.address}:${PORT}`
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(file, balancing(`${balancer.address}:${PORT}`, servers))
    start(balancer, ['haproxy', '-db', '-q', '-f', file], () => {})
    await until(async () => (await health(deployment.endpoint)) === 200)
    return deployment
  }

  /** Waits until clients get as many answers in a row as there are servers: HAProxy passes by what is gone. */
  async answers(): Promise<void> {
    let inARow = 0
    await until(async () => {
      inARow = (await health(this.endpoint)) === 200 ? inARow + 1 : 0
      return inARow === SERVERS
    })
  }

  /** Stops the servers, then all else. */
  async end(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()))
    this.#network.end()
  }

  /** What the servers said in their logs, the last of it. */
  logs(): string {
    return this.servers
      .map(({ host, program }) => `--- ${host.name}\n${program?.log().slice(-1500) ?? 'not running'}`)
      .join('\n')
  }
}

async function health(endpoint: string): Promise<number> {
  return fetch(`${endpoint}/readyz`, { signal: AbortSignal.timeout(2000) }).then(
    ({ status }) => status,
    () => 0,
  )
}

function balancing(at: string, servers: readonly Server[]): string {
  const lines = servers.map(({ host }) => `  server ${host.name} ${host.address}:${PORT} check`)
  return `global
  maxconn 1000
defaults
  mode tcp
  timeout connect 1s
  timeout check 1s
  timeout client 60s
  timeout server 60s
listen kms
  bind ${at}
  balance roundrobin
  option redispatch
  option httpchk GET /readyz
  default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
${lines.join('\n')}
`
}

/** The environment of a program whose date is ahead by what the file says; its timers keep their pace. */
function clockOf(file: string): Record<string, string> {
  const [library = ''] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** The last commit of release 0.2.0. */
const FORMER = '3799bdb'

/** The program of the release before this one, or null where the repository's history is not here. */
export function formerProgram(): string | null {
  const folder = join(temporaryFolder(), 'former')
  mkdirSync(folder)
  const archive = spawnSync('git', ['-C', ROOT, 'archive', FORMER], { maxBuffer: 1 << 28 })
  if (archive.status !== 0) return null
  execFileSync('tar', ['-x', '-C', folder], { input: archive.stdout })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const program = join(folder, 'bin/strongroom')
  return existsSync(program) ? program : null
}

/** Whether servers can have workers. */
export function hasWorkers(): boolean {
  return /--workers/.test(execFileSync(BIN, ['serve', '--help'], { encoding: 'utf8' }))
}
