// Podman with images, containers and networks of its own: neither those of the machine nor those of another test.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeFolder } from '../acceptance/program.ts'
import { OWNER } from '../owned.ts'
import { lacks, succeeds } from './debian.ts'

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Podman's own limits are above what some test machines permit. */
export const LIMITS = ['nofile=4096:4096', 'nproc=4096:4096']

/** Why there is no podman whose containers find each other by name. */
export const withoutPodman = lacks('podman', 'runc', '/usr/lib/podman/netavark', '/usr/lib/podman/aardvark-dns')

export class Podman implements Disposable {
  /** Podman takes at most 50 characters for it. */
  readonly state = mkdtempSync(join(tmpdir(), 'podman-'))
  /** What makes any `podman` that is started with it this one. */
  readonly env: Record<string, string>

  readonly #at: (...command: string[]) => readonly string[]

  /** Keeps its images in the folder. `at` gives the words of a command that runs where its containers are to be. */
  constructor(folder: string, at: (...command: string[]) => readonly string[] = (...command) => command) {
    this.#at = at
    const file = (name: string, text: string) => {
      writeFileSync(join(this.state, name), text)
      return join(this.state, name)
    }
    const storage = `[storage]
driver = "vfs"
graphroot = "${join(folder, 'storage')}"
runroot = "${join(this.state, 'run')}"
`
    // Containers, and what watches over each, do not inherit the environment.
    const environment = JSON.stringify([PATH, OWNER])
    const containers = `[containers]
env = ${environment}
default_ulimits = ${JSON.stringify(LIMITS)}
cgroups = "no-conmon"
[engine]
conmon_env_vars = ${environment}
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "${join(this.state, 'networks')}"
`
    this.env = {
      CONTAINERS_STORAGE_CONF: file('storage.conf', storage),
      // Until there is its own network `podman`, another is the default.
      CONTAINERS_CONF: file('containers.conf', `${containers}default_network = "none"\n`),
    }
    // Podman makes its network `podman` with one bridge and one range, which another podman may have left on the machine: the older route
    // takes what is for the containers of the younger. A network that is created gets a bridge and a range that the machine does not have.
    this.run('network', 'create', '--disable-dns', 'podman')
    file('containers.conf', containers)
  }

  /** Runs podman to its end, which must be a good one; returns what it printed. */
  run(...args: string[]): string {
    const [program = '', ...words] = this.#at('podman', ...args)
    return succeeds(program, words, { env: { ...process.env, ...this.env } }).trim()
  }

  [Symbol.dispose](): void {
    this.run('rm', '--all', '--force', '--volumes')
    removeFolder(this.state)
  }
}
