// `import { startStrongroom } from 'strongroom/testing'`: a server for the tests of a program that uses the key service. It is a process of
// its own on its own runtime, so this module runs on any Node from 20 on and takes nothing from the service.
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const LAUNCHER = fileURLToPath(new URL('../../bin/strongroom', import.meta.url))

/** The AccessKey of an account, which may do everything in it. */
export interface Credentials {
  /** 16 digits. */
  readonly accountId: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
}

/** What a seed file holds: accounts with their users, policies, keys and aliases, as docs/development.md lists them. */
export interface Seed {
  readonly accounts: readonly (Credentials & { readonly [member: string]: unknown })[]
}

export interface Options {
  /** What the server begins with: a seed, or the path of a seed file. Without it there is one account, and no key. */
  readonly seed?: Seed | string
  /** The region of the keys; `cn-hangzhou` without it. Several are separated by commas, the first is that of calls which name none. */
  readonly region?: string
  /** Further flags of `strongroom serve`, such as `['--strict-cloud']`; docs/reference/settings.md lists them. */
  readonly flags?: readonly string[]
  /** Gets what the server says, in pieces. Without it, it is only told by the rejection of a start that fails. */
  readonly log?: (text: string) => void
}

/** A server that runs. It ends with `stop()`, at the end of an `await using` block, and with this process, however that ends. */
export interface Strongroom {
  /** Such as `http://127.0.0.1:40123`. */
  readonly endpoint: string
  /** The address of its console. */
  readonly console: string
  /** The first region. */
  readonly region: string
  /** Those of the seed's first account, or of an account of its own. */
  readonly credentials: Credentials
  /**
   * Moves the server's clock forward, by `8d`, `36h`, `90m` or `30s`. When it resolves, what fell due has happened: keys are deleted and
   * rotated, material and tokens have expired. Resolves with the time of the server.
   */
  advance(duration: string): Promise<Date>
  /** Stops the server and removes its data; resolves when it has ended. A second time it does nothing. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

type Server = ChildProcessByStdio<Writable, Readable, Readable>

/** Starts a server with `serve --dev` on a free port, with data of its own. Rejects with what it said when it does not start. */
export async function startStrongroom(options: Options = {}): Promise<Strongroom> {
  const { region = 'cn-hangzhou', flags = [], log = () => {} } = options
  const seed = options.seed === undefined ? null : readSeed(options.seed)
  const credentials = seed?.accounts[0] ?? newCredentials()
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-seed-'))
  try {
    const file = join(folder, 'seed.json')
    writeFileSync(file, JSON.stringify(seed ?? { accounts: [credentials] }), { mode: 0o600 })
    const run = ['serve', '--dev', '--temporary', '--stop-at-end-of-input', '--log-level', 'warn']
    const given = ['--listen', '127.0.0.1:0', '--region', region, '--seed', file, ...flags]
    // The server sees this process end, however it ends, by the end of its input.
    const server: Server = spawn(LAUNCHER, [...run, ...given], { env: environment(), stdio: ['pipe', 'pipe', 'pipe'] })
    const { endpoint, console } = await ready(server, log)
    const stop = stopper(server)
    return {
      endpoint,
      console,
      region: region.split(',')[0] as string,
      credentials: pickCredentials(credentials),
      advance: (duration) => advance(duration, endpoint, credentials),
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function readSeed(seed: Seed | string): Seed {
  return typeof seed === 'string' ? (JSON.parse(readFileSync(seed, 'utf8')) as Seed) : seed
}

function newCredentials(): Credentials {
  return { accountId: '1000000000000001', accessKeyId: 'LTAItesting', accessKeySecret: randomUUID() }
}

function pickCredentials({ accountId, accessKeyId, accessKeySecret }: Credentials): Credentials {
  return { accountId, accessKeyId, accessKeySecret }
}

/** This process's environment without what configures other servers. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('STRONGROOM_')))
}

/** Resolves with the ready line. From then on, the server does not keep this process. */
function ready(server: Server, log: (text: string) => void): Promise<{ endpoint: string; console: string }> {
  return new Promise((resolve, reject) => {
    let [out, said] = ['', '']
    const line = (text: string) => {
      out += text
      const end = out.indexOf('\n')
      if (end < 0) return
      server.stdout.off('data', line).resume()
      for (const one of [server, server.stdin, server.stdout, server.stderr]) unref(one)
      resolve(JSON.parse(out.slice(0, end)))
    }
    server.stdout.setEncoding('utf8').on('data', line)
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      log(text)
    })
    // A server that has ended does not read.
    server.stdin.on('error', () => {})
    server.once('error', (error) => reject(new Error(`Strongroom does not start: ${error.message}`)))
    server.once('close', (code) => reject(new Error(`Strongroom does not start (exit code ${code}): ${said.trim()}`)))
  })
}

/** Pipes are sockets, which know it; their types do not. */
function unref(one: object): void {
  if ('unref' in one && typeof one.unref === 'function') one.unref()
}

function stopper(server: Server): () => Promise<void> {
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()))
  return () => {
    server.ref()
    server.stdin.end()
    return ended
  }
}

async function advance(duration: string, endpoint: string, credentials: Credentials): Promise<Date> {
  const env = {
    ...environment(),
    ALIBABA_CLOUD_ACCESS_KEY_ID: credentials.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    STRONGROOM_ENDPOINT: endpoint,
  }
  const { stdout } = await promisify(execFile)(LAUNCHER, ['dev', 'advance', duration], { env })
  return new Date(JSON.parse(stdout).Now)
}
