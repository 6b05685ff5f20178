// A Debian that systemd boots: a tree on the disk, in a container whose first process is systemd.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { until } from '../until.ts'
import type { Podman } from './podman.ts'

export class BootedDebian implements AsyncDisposable {
  static readonly PACKAGES = ['systemd-sysv', 'libstdc++6', 'libatomic1']
  readonly #podman: Podman
  readonly #container: ChildProcess

  private constructor(podman: Podman, container: ChildProcess) {
    this.#podman = podman
    this.#container = container
  }

  /** Boots the tree, and waits until all of its units have started. */
  static async boot(podman: Podman, tree: string): Promise<BootedDebian> {
    // What a unit mounts must reach its processes: on a machine the kernel's first mount is shared, in a container it is not.
    const init = 'mount --make-rshared / && exec /sbin/init'
    const args = [
      'run',
      '--name',
      'debian',
      '--rm',
      '--network',
      'none',
      '--systemd=always',
      '--privileged',
      '--rootfs',
      tree,
    ]
    const env = { ...process.env, ...podman.env }
    const container = spawn('podman', [...args, 'sh', '-c', init], { env, stdio: 'ignore' })
    const booted = new BootedDebian(podman, container)
    await until(() => {
      try {
        return booted.run('systemctl', 'is-system-running', '--wait') === 'running'
      } catch {
        // systemd does not listen yet.
        return false
      }
    })
    return booted
  }

  /** Runs a command in it as root, to its end, which must be a good one; returns what it printed. */
  run(...command: string[]): string {
    return this.#podman.run('exec', 'debian', ...command)
  }

  /** The path by which a process outside reaches the path in it, in folders that it has mounted, too. */
  path(inside: string): string {
    return `/proc/${this.#podman.run('inspect', '--format', '{{.State.Pid}}', 'debian')}/root${inside}`
  }

  /** A property of a unit, as `systemctl show` prints it. */
  show(unit: string, property: string): string {
    return this.run('systemctl', 'show', unit, '--property', property, '--value')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#container, 'close')
    this.#podman.run('rm', '--force', 'debian')
    await closed
  }
}
