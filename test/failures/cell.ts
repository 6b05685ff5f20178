// A cell: namespaces of its own for network, mounts and processes. What happens in it reaches nobody else on the machine, and ends with it.
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildJudge, cannotJudge } from '../histories/judge.ts'
import { programs } from '../storage/postgresql-server.ts'

const RUN = fileURLToPath(new URL('run.ts', import.meta.url))
const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
/**
 * The first process of the cell is a shell, because it must wait for orphans: Patroni takes one that nobody waits for as running. The cell
 * has shared memory of its own: killed servers, and programs on a moved clock, leave theirs.
 */
const SHELL = ['sh', '-c', 'mount -t tmpfs tmpfs /dev/shm && "$@"; exit $?', 'cell']
const NEEDED = ['patroni', 'etcd', 'haproxy', 'ip', 'tc', 'nft', 'nsenter', 'setpriv', `${programs()}initdb`]

/** Why deployments can't be had here, or false: Node's form for tests that are skipped. */
export function cannotDeploy(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'not run: network namespaces take root on Linux'
  const missing = NEEDED.filter((one) => spawnSync('sh', ['-c', `command -v ${one}`]).status !== 0)
  if (missing.length > 0) return `not run: ${missing.join(', ')} missing, which npm test installs where it has apt-get`
  if (spawnSync('unshare', [...NAMESPACES, 'true']).status !== 0) return 'not run: no namespaces here'
  return false
}

/** Tells run.ts, when it is 0, not to judge histories. */
export const JUDGES = 'STRONGROOM_TEST_JUDGES'

/** Builds the judge of histories, which a cell has no network for. Says why where it can not be had; the failures are judged by all else. */
export async function prepareJudge(): Promise<void> {
  const why =
    cannotJudge ||
    (await buildJudge().then(
      () => false,
      (error: Error) => `histories were not judged: ${error.message}`,
    ))
  if (why !== false) console.log(why)
  process.env[JUDGES] = why === false ? '1' : '0'
}

/** Runs the failures, one after the other and `runs` times, in a new deployment. Yields what run.ts writes. Throws when that fails. */
export async function* inCell(names: readonly string[], runs: number, first = 0): AsyncGenerator<string> {
  const command = [...NAMESPACES, ...SHELL, process.execPath, RUN, String(runs), String(first), ...names]
  const child = spawn('unshare', command, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-20_000)
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  try {
    yield* createInterface(child.stdout)
    const code = await ended
    if (code !== 0) throw new Error(`the cell ended with ${code}: ${said}`)
  } finally {
    // It ends its cell with it.
    child.kill('SIGKILL')
    await ended
    // The logs of the servers, from runs in which something was wrong.
    if (said !== '') console.log(said)
  }
}
