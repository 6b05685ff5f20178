// Programs in namespaces of their own for network, mounts and processes. Names and ports there lead to servers of the test, as a cluster's DNS
// leads them, and what such a program listens on reaches nobody else.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ended, lackingForCluster } from './cluster.ts'

const INSIDE = fileURLToPath(new URL('apart-inside.ts', import.meta.url))
const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
/** Mounts of a folder to each path below /run follow it, in pairs, to `--`. */
const PREPARE = `
set -e
ip link set lo up
mount --bind "$1" /etc/hosts
shift
mount -t tmpfs tmpfs /run
while [ "$1" != -- ]; do
  mkdir -p "$2"
  mount --bind "$1" "$2"
  shift 2
done
shift
exec "$@"`

/** What takes the place of a cluster's node. */
interface Place {
  /** Where connections to a port of the loopback address lead: to this port of the test's own. */
  readonly ports: Readonly<Record<number, number>>
  /** The names of the loopback address. */
  readonly names: readonly string[]
  /** Folders that the program has at these paths, which are below /run. */
  readonly mounts?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

/** Whether there is what it takes: root, and a kernel that permits it. */
export function canRunApart(): boolean {
  return (
    process.platform === 'linux' && spawnSync('unshare', [...NAMESPACES, 'ip', 'link', 'set', 'lo', 'up']).status === 0
  )
}

/** What this machine lacks for a program that runs apart, beside a cluster. */
export function lackingApart(): readonly string[] {
  return [...lackingForCluster(), ...(canRunApart() ? [] : ['root on Linux, for network namespaces'])]
}

export class Apart implements AsyncDisposable {
  readonly #relays: readonly Server[]
  readonly #child: ChildProcess
  readonly #hosts: string
  #said = ''

  private constructor(child: ChildProcess, relays: readonly Server[], hosts: string) {
    this.#child = child
    this.#relays = relays
    this.#hosts = hosts
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => {
        this.#said = (this.#said + chunk).slice(-100_000)
      })
  }

  /** Starts a program; `folder` keeps what takes it there. */
  static async start(folder: string, command: readonly string[], place: Place): Promise<Apart> {
    const { ports, names, mounts = {}, env = {} } = place
    mkdirSync(folder, { recursive: true })
    const led: Record<string, string> = {}
    const relays: Server[] = []
    for (const [port, target] of Object.entries(ports)) {
      const socket = join(folder, `${port}.sock`)
      relays.push(await relayed(socket, target))
      led[port] = socket
    }
    const hosts = join(folder, 'hosts')
    writeFileSync(hosts, `127.0.0.1 ${['localhost', ...names].join(' ')}\n`)
    const mounted = Object.entries(mounts).flatMap(([at, what]) => [what, at])
    const inside = [process.execPath, INSIDE, JSON.stringify(led), ...command]
    const child = spawn('unshare', [...NAMESPACES, 'sh', '-c', PREPARE, 'sh', hosts, ...mounted, '--', ...inside], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return new Apart(child, relays, hosts)
  }

  /** The end of what it wrote so far. */
  get said(): string {
    return this.#said
  }

  /** Whether it runs. */
  get runs(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The words of a command that runs there. */
  inside(...command: readonly string[]): readonly string[] {
    const { pid } = this.#child
    const first = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return ['nsenter', '-t', first, '-n', '-m', '-p', ...command]
  }

  /** Leads more names there, to another address. */
  lead(address: string, ...names: readonly string[]): void {
    appendFileSync(this.#hosts, `${address} ${names.join(' ')}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ended(this.#child)
    for (const relay of this.#relays) relay.close()
  }
}

/** Leads connections to the socket to this port; a file, unlike an address, is the same in every network. */
async function relayed(socket: string, port: number): Promise<Server> {
  const server = createServer((client) => {
    const target = connect(port, '127.0.0.1')
    client.pipe(target).pipe(client)
    client.on('error', () => target.destroy())
    target.on('error', () => client.destroy())
  })
  server.listen(socket)
  await once(server, 'listening')
  return server
}
