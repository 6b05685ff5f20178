// Runs the real program for tests: starts it on a free port with a folder of its own, and stops or kills it.
import '../owned.ts'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { callOperation } from '../../src/cli/client.ts'

export const BIN = fileURLToPath(new URL('../../bin/strongroom', import.meta.url))

const CLOSES_WITHIN_MS = 5000

/** How many workers a server has of which the test says nothing: all holds with any number. */
const WORKERS = process.env['STRONGROOM_TEST_WORKERS'] ?? '0'

export interface Credentials {
  readonly accountId: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
}

export interface Program {
  readonly endpoint: string
  /** By region, when it listens on several addresses. */
  readonly endpoints: Readonly<Record<string, string>> | undefined
  /** Where metrics are served, when they are. */
  readonly metrics: string | undefined
  readonly data: string
  readonly credentials: Credentials
  readonly process: ChildProcess
  /** All that it wrote to standard error so far. */
  log(): string
  /** Calls an operation; answers the status and the JSON body. */
  call(action: string, parameters?: Record<string, string>): Promise<Called>
  /** Sends the signal and waits for the end; answers the exit code, null when killed. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface Called {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: an answer has the shape that its test asserts
  readonly body: any
}

export interface Start {
  readonly data?: string
  readonly listen?: string
  readonly flags?: readonly string[]
  readonly env?: Record<string, string>
  /** Whether the program has the setting `workers`, which earlier releases lack. */
  readonly hasWorkers?: boolean
  /** What starts the server, in place of `bin/strongroom serve`. */
  readonly command?: readonly [string, ...string[]]
}

/** A fresh folder below the system's temporary one. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'strongroom-test-'))
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** The line that says so. */
interface Ready {
  readonly endpoint: string
  readonly endpoints?: Record<string, string>
  readonly metrics?: string
}

/** Starts `strongroom serve` and waits until it is ready. Rejects with its log when it ends before. */
export async function startProgram({
  data = temporaryFolder(),
  listen = '127.0.0.1:0',
  flags = [],
  env = {},
  hasWorkers = true,
  command = [BIN, 'serve'],
}: Start = {}): Promise<Program> {
  const [program, ...words] = command
  const said = !hasWorkers || flags.some((flag) => flag === '--dev' || flag === '--workers')
  const workers = said ? [] : ['--workers', WORKERS]
  const child = spawn(program, [...words, '--data', data, '--listen', listen, ...workers, ...flags], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (chunk) => {
    log += chunk
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const ended = new Promise<number | null>((resolve) =>
    child.once('exit', async (code) => {
      // What it said last is still on its way, unless a child of its own keeps the pipe open.
      await Promise.race([closed, pause(CLOSES_WITHIN_MS, undefined, { ref: false })])
      resolve(code)
    }),
  )
  const { endpoint, endpoints, metrics } = await new Promise<Ready>((resolve, reject) => {
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
      const line = out.split('\n').find((one) => one.includes('"ready"'))
      if (line) resolve(JSON.parse(line))
    })
    void ended.then((code) => reject(new Error(`serve ended with ${code}: ${log}`)))
  })
  const credentials: Credentials =
    env['STRONGROOM_ROOT_ACCESS_KEY_ID'] === undefined
      ? (JSON.parse(readFileSync(join(data, 'root-credentials.json'), 'utf8')) as Credentials)
      : {
          accountId: env['STRONGROOM_ACCOUNT_ID'] ?? '',
          accessKeyId: env['STRONGROOM_ROOT_ACCESS_KEY_ID'] ?? '',
          accessKeySecret: env['STRONGROOM_ROOT_ACCESS_KEY_SECRET'] ?? '',
        }
  return {
    endpoint,
    endpoints,
    metrics,
    data,
    credentials,
    process: child,
    log: () => log,
    call: (action, parameters = {}) => call(endpoint, credentials, action, parameters, Date.now()),
    stop: (signal = 'SIGTERM') => {
      child.kill(signal)
      return ended
    },
  }
}

/** The processes that a process has begun. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** The processes of its workers. */
export const workersOf = ({ process: { pid = 0 } }: Program) =>
  childrenOf(pid).filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('worker.ts'))

/** Calls an operation with these credentials at this time. */
export async function call(
  endpoint: string,
  credentials: Pick<Credentials, 'accessKeyId' | 'accessKeySecret'> & { readonly securityToken?: string },
  action: string,
  parameters: Record<string, string>,
  now: number,
): Promise<Called> {
  const all = new Map(Object.entries({ Action: action, Version: '2016-01-20', ...parameters }))
  const { status, body } = await callOperation(all, { endpoint, securityToken: null, ...credentials, ca: null, now })
  return { status, body: JSON.parse(body) }
}

/** Runs a verb of the program to its end. */
export function runProgram(
  args: readonly string[],
  env: Record<string, string> = {},
  program = BIN,
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}
