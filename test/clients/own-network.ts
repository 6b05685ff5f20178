// A network and a folder /run that end with the processes in them: podman leaves nothing on the machine of the bridges, the rules of the firewall
// and the name servers that it makes there, even if the test is killed.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import '../owned.ts'

const HOLD = 'ip link set lo up && mount -t tmpfs tmpfs /run && echo ready && exec sleep infinity'

export class OwnNetwork implements AsyncDisposable {
  readonly #holder: ChildProcess

  private constructor(holder: ChildProcess) {
    this.#holder = holder
  }

  static async start(): Promise<OwnNetwork> {
    const holder = spawn('unshare', ['--net', '--mount', 'sh', '-c', HOLD], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [said] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')])
    assert.equal(String(said), 'ready\n')
    return new OwnNetwork(holder)
  }

  /** The words of a command that runs there. */
  inside(...command: readonly string[]): readonly string[] {
    return ['nsenter', '--target', String(this.#holder.pid), '--net', '--mount', ...command]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#holder, 'close')
    this.#holder.kill('SIGKILL')
    await closed
  }
}
