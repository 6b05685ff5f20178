// Hosts with an address each, in network namespaces on one bridge. All of it lies in the namespace of this process (see cell.ts), so it
// ends with it, and another rig on the same machine has the same addresses.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { until } from '../until.ts'

const NETWORK = '10.9.0'
const BITS = 24
/** A line on which a round trip takes tens of milliseconds, and now and then a packet is lost. */
const SLOW = { rate: '2mbit', percentLost: 2 }

export class Network {
  #last = 10
  readonly #hosts: Host[] = []

  /** The network of this process, which has the first address. */
  static begin(): Network {
    ip('link', 'set', 'lo', 'up')
    ip('link', 'add', 'name', 'bridge', 'type', 'bridge')
    ip('addr', 'add', `${NETWORK}.1/${BITS}`, 'dev', 'bridge')
    ip('link', 'set', 'bridge', 'up')
    return new Network()
  }

  /** A host with an address of its own. */
  async host(name: string): Promise<Host> {
    const own = readlinkSync('/proc/self/ns/net')
    const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' })
    await until(() => namespaceOf(holder.pid) !== own && namespaceOf(holder.pid) !== '')
    const host = new Host(name, `${NETWORK}.${++this.#last}`, holder)
    host.connect()
    this.#hosts.push(host)
    return host
  }

  /** Ends everything that runs on its hosts. */
  end(): void {
    for (const host of this.#hosts) host.end()
  }
}

export class Host {
  readonly name: string
  readonly address: string
  readonly #holder: ChildProcess

  constructor(name: string, address: string, holder: ChildProcess) {
    this.name = name
    this.address = address
    this.#holder = holder
  }

  /** Plugs the host into the bridge. */
  connect(): void {
    const pid = String(this.#holder.pid)
    ip('link', 'add', 'name', this.name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid)
    ip('link', 'set', 'dev', this.name, 'master', 'bridge')
    ip('link', 'set', 'dev', this.name, 'up')
    this.#inside('ip', 'link', 'set', 'lo', 'up')
    this.#inside('ip', 'addr', 'add', `${this.address}/${BITS}`, 'dev', 'eth0')
    this.#inside('ip', 'link', 'set', 'eth0', 'up')
  }

  /** The words before a command that runs on this host. */
  get prefix(): readonly [string, ...string[]] {
    return ['nsenter', '-t', String(this.#holder.pid), '-n']
  }

  /** Drops every packet from and to the others. */
  cutFrom(...others: readonly Host[]): void {
    const addresses = others.map(({ address }) => address).join(', ')
    this.#filter(`ip saddr { ${addresses} } drop`, `ip daddr { ${addresses} } drop`)
  }

  /** Makes its line slow and lossy. */
  slow(): void {
    const { rate, percentLost } = SLOW
    const loses = `numgen random mod 100 < ${percentLost} drop`
    this.#filter(loses, loses)
    this.#inside('tc', 'qdisc', 'add', 'dev', 'eth0', 'root', 'tbf', 'rate', rate, 'burst', '8kb', 'latency', '400ms')
  }

  /** Ends what `cutFrom` and `slow` began. */
  heal(): void {
    this.#tries('nft', 'delete', 'table', 'inet', 'harm')
    this.#tries('tc', 'qdisc', 'del', 'dev', 'eth0', 'root')
  }

  /** Kills all processes of the host at once, as the loss of the machine does. */
  kill(): void {
    const own = namespaceOf(this.#holder.pid)
    const pids = () =>
      readdirSync('/proc')
        .map(Number)
        .filter((pid) => pid !== this.#holder.pid && pid > 1 && namespaceOf(pid) === own)
    // Again, for what a process started meanwhile.
    for (let found = pids(), round = 0; found.length > 0 && round < 5; found = pids(), round++)
      for (const pid of found)
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // It has ended.
        }
  }

  /** Kills what runs on it, and removes it. */
  end(): void {
    this.kill()
    this.#holder.kill('SIGKILL')
  }

  #filter(incoming: string, outgoing: string): void {
    this.#inside('nft', 'add', 'table', 'inet', 'harm')
    for (const [hook, rule] of [
      ['input', incoming],
      ['output', outgoing],
    ] as const) {
      this.#inside('nft', 'add', 'chain', 'inet', 'harm', hook, `{ type filter hook ${hook} priority 0; }`)
      this.#inside('nft', 'add', 'rule', 'inet', 'harm', hook, rule)
    }
  }

  #inside(...command: readonly string[]): void {
    const [program = '', ...args] = [...this.prefix, ...command]
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  }

  #tries(...command: readonly string[]): void {
    try {
      this.#inside(...command)
    } catch {
      // There was none.
    }
  }
}

/** Starts a program on a host; it has ended when the promise `ended` resolves. */
export function start(host: Host, command: readonly string[], onOutput: (text: string) => void) {
  const [program = '', ...args] = [...host.prefix, ...command]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => onOutput(String(chunk)))
  return { child, ended: once(child, 'close') }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** The network namespace of a process; '' when it has ended. */
function namespaceOf(pid: number | undefined): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return ''
  }
}
