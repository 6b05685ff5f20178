// Podman with images, containers and networks of its own: neither those of the machine nor those of another test.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { removeFolder } from '../acceptance/program.ts'
import { lacks, succeeds } from './debian.ts'

/** Why there is no podman whose containers find each other by name. */
export const withoutPodman = lacks('podman', 'runc', '/usr/lib/podman/netavark', '/usr/lib/podman/aardvark-dns')

export class Podman implements Disposable {
  /** Podman takes at most 50 characters for it. */
  readonly state = mkdtempSync('/tmp/podman-')
  /** What makes any `podman` that is started with it this one. */
  readonly env: Record<string, string>

  /** Keeps its images in the folder. */
  constructor(folder: string) {
    const file = (name: string, text: string) => {
      writeFileSync(join(this.state, name), text)
      return join(this.state, name)
    }
    const storage = `[storage]
driver = "vfs"
graphroot = "${join(folder, 'storage')}"
runroot = "${join(this.state, 'run')}"
`
    // Limits that a test machine permits: podman's own are above those of some.
    const containers = `[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
cgroups = "no-conmon"
[network]
network_backend = "netavark"
network_config_dir = "${join(this.state, 'networks')}"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`
    this.env = {
      CONTAINERS_STORAGE_CONF: file('storage.conf', storage),
      CONTAINERS_CONF: file('containers.conf', containers),
    }
  }

  /** Runs podman to its end, which must be a good one; returns what it printed. */
  run(...args: string[]): string {
    return succeeds('podman', args, { env: { ...process.env, ...this.env } }).trim()
  }

  [Symbol.dispose](): void {
    this.run('rm', '--all', '--force', '--volumes')
    removeFolder(this.state)
  }
}
