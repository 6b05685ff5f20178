// Starts the processes of a benchmark, each on its own core where the machine has two.
import { type ChildProcess, execFileSync, fork, spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Job, Measured } from './load.ts'

const SERVER_CORE = 0
const LOAD_CORE = 1
/** A tick, Linux's unit of some times. */
const MS_A_TICK = 10
const BOTH_CORES = `${SERVER_CORE},${LOAD_CORE}`

const pinned = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0

export function isPinned(): boolean {
  return pinned
}

function path(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}

function pin(child: ChildProcess, core: number): void {
  if (pinned && child.pid)
    execFileSync('taskset', ['-a', '-p', '-c', String(core), String(child.pid)], { stdio: 'ignore' })
}

/** The running processes, so that a failing benchmark can end them. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface Server {
  readonly endpoint: string
  /** Milliseconds from the start of the process to its ready line. */
  readonly startMs: number
  /** Resident memory in MiB. */
  memory(): number
  /** CPU time (user and system) of all its processes so far. */
  cpuMs(): number
  /** CPU time of the first process alone. */
  ownCpuMs(): number
  /** Lets the server's child processes run on either core. */
  unpinChildren(): void
  /** Moves the first process, without its children, to the core of the load. */
  moveToLoadCore(): void
  stop(): Promise<void>
}

async function start(command: string, args: readonly string[], env: Record<string, string>): Promise<Server> {
  const begin = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } })
  running.add(child)
  pin(child, SERVER_CORE)
  const ended = new Promise<void>((resolve) =>
    child.once('exit', () => {
      running.delete(child)
      resolve()
    }),
  )
  const endpoint = await new Promise<string>((resolve, reject) => {
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
      const line = out.split('\n').find((one) => one.includes('"ready"'))
      if (line) resolve((JSON.parse(line) as { endpoint: string }).endpoint)
    })
    void ended.then(() => reject(new Error(`${command} ended early`)))
  })
  const startMs = performance.now() - begin
  pin(child, SERVER_CORE)
  return {
    endpoint,
    startMs,
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024,
    cpuMs: () => cpuMsOfAll(child.pid),
    ownCpuMs: () => cpuMsOf(child.pid),
    unpinChildren: () => {
      for (const pid of childrenOf(child.pid))
        if (pinned) execFileSync('taskset', ['-a', '-p', '-c', BOTH_CORES, String(pid)], { stdio: 'ignore' })
    },
    moveToLoadCore: () => pin(child, LOAD_CORE),
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

function childrenOf(pid: number | undefined): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

/** CPU time (user and system) of a process and its children so far, in milliseconds. */
export function cpuMsOfAll(pid: number | undefined): number {
  return [pid, ...childrenOf(pid)].reduce((sum: number, one) => sum + cpuMsOf(one), 0)
}

function cpuMsOf(pid: number | undefined): number {
  const tasks = `/proc/${pid}/task`
  // The first field: nanoseconds on a core.
  const used = (id: string) => Number(readFileSync(`${tasks}/${id}/schedstat`, 'utf8').split(' ')[0])
  return readdirSync(tasks).reduce((sum, id) => sum + used(id), 0) / 1e6
}

/** CPU time of a process's ended children, in milliseconds. */
export function cpuMsOfEnded(pid: number): number {
  // The name may contain anything, so fields count from its end: the 14th and the 15th are user and system time of ended children.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[13]) + Number(fields[14])) * MS_A_TICK
}

export function startBareServer(answerBytes: number): Promise<Server> {
  return start(process.execPath, [path('bare-server.ts'), String(answerBytes)], {})
}

/** A router in front of the cell at this endpoint (router-server.ts). */
export function startRouter(cell: string): Promise<Server> {
  return start(process.execPath, [path('router-server.ts'), cell], {})
}

/** Moves the database of a data folder to PostgreSQL. */
export function moveDatabase(data: string, url: string): void {
  execFileSync(path('../bin/strongroom'), ['migrate', '--from', data, '--to', url])
}

/** `unrecorded`: the server keeps events in memory only. */
export function startStrongroom(
  data: string,
  credentials: { accessKeyId: string; accessKeySecret: string; accountId: string },
  more: readonly string[] = [],
  { unrecorded = false, env = {} as Readonly<Record<string, string>> } = {},
): Promise<Server> {
  const workers = more.includes('--workers') ? [] : ['--workers', '0']
  const flags = ['serve', '--data', data, '--listen', '127.0.0.1:0', '--log-level', 'error', ...workers, ...more]
  const [command, args] = unrecorded
    ? [process.execPath, [path('unrecorded.ts'), ...flags.slice(1)]]
    : [path('../bin/strongroom'), flags]
  return start(command, args, {
    ...env,
    STRONGROOM_ACCOUNT_ID: credentials.accountId,
    STRONGROOM_ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
    STRONGROOM_ROOT_ACCESS_KEY_SECRET: credentials.accessKeySecret,
  })
}

/** The number of calls that warm the server up before a job. */
function warmUp({ connections, requests }: Job): number {
  return Math.max(connections, Math.floor(requests / 5))
}

/** The number of calls of a job, warm-up included. */
export function callsOf(job: Job): number {
  return job.requests + warmUp(job)
}

/** Runs a job in a load process, after a warm-up. */
export async function load(job: Job): Promise<Measured> {
  const child = fork(path('load.ts'))
  pin(child, LOAD_CORE)
  const send = (one: Job) =>
    new Promise<Measured>((resolve, reject) => {
      child.once('message', (message) => resolve(message as Measured))
      child.once('exit', (code) => reject(new Error(`the load ended with ${code}`)))
      child.send(one)
    })
  try {
    await send({ ...job, requests: warmUp(job) })
    const measured = await send(job)
    if (measured.failed > 0) throw new Error(`${measured.failed} calls failed`)
    return measured
  } finally {
    child.removeAllListeners('exit')
    child.kill()
  }
}

/** Runs a job on a server of this machine. Also returns the server's CPU time per call in microseconds, warm-up included. */
export async function loadWatched(server: Server, job: Job): Promise<Measured & { readonly cpuUs: number }> {
  const before = server.cpuMs()
  const measured = await load(job)
  return { ...measured, cpuUs: ((server.cpuMs() - before) * 1000) / callsOf(job) }
}

/** Encrypts in a loop on a device, on either core, as the library's process does under the service. Returns encryptions per second. */
export function bareDevice(args: readonly string[], env: Readonly<Record<string, string>>): number {
  return perSecondOf('bare-device.ts', args, env)
}

/** Encrypts in the HSM's key store alone, with its library in a process as usual. Returns encryptions per second. */
export function hsmKeyStore(args: readonly string[], env: Readonly<Record<string, string>>): number {
  return perSecondOf('hsm-key-store.ts', args, env)
}

function perSecondOf(program: string, args: readonly string[], env: Readonly<Record<string, string>>): number {
  const out = execFileSync(process.execPath, [path(program), ...args], { env: { ...process.env, ...env } })
  return (JSON.parse(out.toString('utf8')) as { perSecond: number }).perSecond
}

/** The command, pinned to the core of the load. */
export function onLoadCore(command: readonly string[]): readonly string[] {
  return pinned ? ['taskset', '-c', String(LOAD_CORE), ...command] : command
}

/** Commits SQLite transactions in `folder` for a second, one after the other. */
export function oneCommitAtATime(folder: string): number {
  const args = [path('one-commit-at-a-time.ts'), folder, '2000']
  const out = pinned
    ? execFileSync('taskset', ['-c', String(SERVER_CORE), process.execPath, ...args])
    : execFileSync(process.execPath, args)
  return (JSON.parse(out.toString('utf8')) as { perSecond: number }).perSecond
}
