// `import { startStrongroom } from 'strongroom/testing'`: a server for the tests of a program that uses the key service. The server is a
// process with its own runtime, so this module runs on any Node from version 20 on, and imports nothing of the service.
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const LAUNCHER = fileURLToPath(new URL('../../bin/strongroom', import.meta.url))

/** The AccessKey of an account, with all rights in the account. */
export interface Credentials {
  /** 16 digits. */
  readonly accountId: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
}

/** The contents of a seed file: accounts with their users, policies, keys and aliases (docs/development.md). */
export interface Seed {
  readonly accounts: readonly (Credentials & { readonly [member: string]: unknown })[]
}

export interface Options {
  /** The initial contents: a seed, or the path of a seed file. Without it, the server has one account and no key. */
  readonly seed?: Seed | string
  /** The region of the keys; by default `cn-hangzhou`. Commas separate several regions; calls that name no region use the first. */
  readonly region?: string
  /** Further flags of `strongroom serve`, such as `['--strict-cloud']`; docs/reference/settings.md lists them. */
  readonly flags?: readonly string[]
  /** Gets the server's standard error, in pieces. Without it, that output appears only in the rejection of a failing start. */
  readonly log?: (text: string) => void
}

/** A running server. It ends with `stop()`, at the end of an `await using` block, and with this process, however that ends. */
export interface Strongroom {
  /** Such as `http://127.0.0.1:40123`. */
  readonly endpoint: string
  /** The address of its console. */
  readonly console: string
  /** The first region. */
  readonly region: string
  /** The credentials of the seed's first account, or of a new account. */
  readonly credentials: Credentials
  /**
   * Moves the server's clock forward, by `8d`, `36h`, `90m` or `30s`. When this resolves, due work is done: keys are deleted and rotated,
   * material and tokens have expired. Resolves with the server's time.
   */
  advance(duration: string): Promise<Date>
  /** Stops the server and removes its data; resolves when the server has ended. A second call does nothing. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

type Server = ChildProcessByStdio<Writable, Readable, Readable>

/** Starts a server with `serve --dev` on a free port, with its own data. Rejects with the server's output when it does not start. */
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
    // The end of its input tells the server that this process has ended, however it ended.
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

/** This process's environment without variables that configure other servers. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('STRONGROOM_')))
}

/** Resolves with the ready line. From then on, the server does not keep this process alive. */
function ready(server: Server, log: (text: string) => void): Promise<{ endpoint: string; console: string }> {
  return new Promise((resolve, reject) => {
    let [out, said] = ['', '']
    const line = (text: string) => {
      out += text
      const end = out.indexOf('\n')
      if (end < 0) return
      server.stdout.off('data', line).resume()
      for (const handle of [server, server.stdin, server.stdout, server.stderr]) unref(handle)
      resolve(JSON.parse(out.slice(0, end)))
    }
    server.stdout.setEncoding('utf8').on('data', line)
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      log(text)
    })
    // A server that has ended does not read its input.
    server.stdin.on('error', () => {})
    server.once('error', (error) => reject(new Error(`Strongroom does not start: ${error.message}`)))
    server.once('close', (code) => reject(new Error(`Strongroom does not start (exit code ${code}): ${said.trim()}`)))
  })
}

/** The pipes are sockets, which have `unref`; their types lack it. */
function unref(handle: object): void {
  if ('unref' in handle && typeof handle.unref === 'function') handle.unref()
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
