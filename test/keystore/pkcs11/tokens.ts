// Real PKCS #11 tokens for tests, each in a folder of its own: SoftHSM2 and NSS softokn, two independent implementations.
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { removeFolder, temporaryFolder } from '../../acceptance/program.ts'

export type TokenKind = 'SoftHSM2' | 'NSS'
export const TOKEN_KINDS: readonly TokenKind[] = ['SoftHSM2', 'NSS']

export const PIN = 'test-pin-7316'
/** Those in which tests make keys. */
const REGIONS = 'cn-hangzhou,cn-beijing,cn-shanghai,cn-hongkong,ap-southeast-1,eu-west-1,me-east-1'
const SO_PIN = 'test-so-pin-9471'

export interface TestToken extends Disposable {
  readonly kind: TokenKind
  readonly folder: string
  readonly module: string
  readonly label: string
  readonly pinFile: string
  /** Settings of the service, as flags. Generous time-outs: tests share the machine. */
  readonly flags: readonly string[]
  /** What the library reads of its environment. */
  readonly env: Record<string, string>
  /** Brings back what a process of the library that was killed may have taken from the token. The PIN is the first one then. */
  recover(): Promise<void>
  /** What another program lists of the token's keys, logged in: pkcs11-tool where it can. */
  list(type: 'secrkey' | 'privkey' | 'pubkey'): string
}

export function makeToken(kind: TokenKind, timeoutMs = 5000): TestToken {
  const folder = temporaryFolder()
  const pinFile = join(folder, 'pin')
  writeFileSync(pinFile, `${PIN}\n`, { mode: 0o600 })
  const made = kind === 'SoftHSM2' ? softHsm(folder) : nss(folder, pinFile)
  return {
    kind,
    folder,
    pinFile,
    ...made,
    flags: [
      ...['--hsm-module', made.module, '--hsm-token', made.label, '--hsm-pin-file', pinFile],
      ...['--hsm-timeout-ms', String(timeoutMs), '--hsm-key-timeout-ms', '120000', '--hsm-regions', REGIONS],
      ...made.more,
    ],
    list: (type) => {
      const [command = '', ...args] = made.lister
      const options = { encoding: 'utf8', env: { ...process.env, ...made.env } } as const
      return execFileSync(command, [...args, type], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    },
    [Symbol.dispose]: () => removeFolder(folder),
  }
}

/** The token of NSS in FIPS mode: its database and the library's functions are. */
export function nssInFips(token: TestToken): TestToken {
  const module = join(token.folder, 'nss-fips.so')
  build('nss-fips.c', module)
  execFileSync('modutil', ['-fips', 'true', '-dbdir', `sql:${join(token.folder, 'nss')}`, '-force'], { stdio: 'pipe' })
  const [plain, label] = [token.module, 'NSS FIPS 140-2 Certificate DB']
  const flags = token.flags.map((flag) => (flag === plain ? module : flag === token.label ? label : flag))
  return { ...token, module, label, flags }
}

function build(source: string, module: string, ...more: readonly string[]): void {
  const headers = fileURLToPath(new URL('../../../node_modules/pkcs11js/includes', import.meta.url))
  const file = fileURLToPath(new URL(source, import.meta.url))
  execFileSync('cc', ['-shared', '-fPIC', ...more, '-I', headers, '-o', module, file])
}

export interface FaultyToken extends TestToken {
  /** Harm from now on, as faulty.c has it; none ends it. */
  harm(...lines: string[]): void
  /** Whether wrong padding of PKCS #1 v1.5 is refused explicitly: at first it is not. */
  refuseWrongPadding(does: boolean): void
  /** What the library was seen to be asked, as faulty.c has it. */
  log(): string[]
}

/** The token behind a library that does harm on demand: see faulty.c. */
export function faultyModule(token: TestToken): FaultyToken {
  const [module, control, log] = ['faulty.so', 'control', 'log'].map((name) => join(token.folder, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(log, '')
  build('faulty.c', module, '-O1', '-pthread')
  const flags = token.flags.map((flag) => (flag === token.module ? module : flag))
  const explicit = join(token.folder, 'explicit')
  const files = { FAULTY_CONTROL: control, FAULTY_LOG: log, FAULTY_EXPLICIT: explicit }
  const env = { ...token.env, FAULTY_MODULE: token.module, ...files }
  const harm = (...lines: string[]) => {
    writeFileSync(`${control}.new`, lines.join('\n'))
    renameSync(`${control}.new`, control)
  }
  const refuseWrongPadding = (does: boolean) => (does ? writeFileSync(explicit, '') : rmSync(explicit, { force: true }))
  const lines = () => readFileSync(log, 'utf8').split('\n').filter(Boolean)
  return { ...token, module, flags, env, harm, refuseWrongPadding, log: lines }
}

interface Made {
  readonly module: string
  readonly label: string
  readonly env: Record<string, string>
  readonly more: readonly string[]
  /** The command that lists objects; their type is added. */
  readonly lister: readonly string[]
  recover(): Promise<void>
}

function softHsm(folder: string): Made {
  const configuration = join(folder, 'softhsm2.conf')
  const tokens = join(folder, 'tokens')
  mkdirSync(tokens)
  writeFileSync(configuration, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`)
  const env = { SOFTHSM2_CONF: configuration }
  initSoftHsm(env, 'strongroom')
  const module = found('softhsm/libsofthsm2.so')
  const login = ['--token-label', 'strongroom', '--login', '--pin', PIN]
  const lister = ['pkcs11-tool', '--module', module, ...login, '--list-objects', '--type']
  const recover = recoverer(folder)
  return { module, label: 'strongroom', env, more: [], lister, recover }
}

/**
 * SoftHSM2 2.6.1 empties token.object at each login, gives up its lock, and writes the file afterwards: who is killed in between leaves a
 * token that no one finds again.
 */
function recoverer(folder: string): () => Promise<void> {
  const [token = ''] = softHsmTokenFolders(folder)
  const file = join(token, 'token.object')
  const bytes = readFileSync(file)
  return async () => {
    // One that is empty for a moment belongs to a login that goes on.
    for (let looks = 0; looks < 10; looks++) {
      if (statSync(file).size > 0) return
      await pause(20)
    }
    writeFileSync(file, bytes)
  }
}

/** Makes a token in a free slot, or initializes the token of this label again, which deletes its objects. */
export function initSoftHsm(env: Record<string, string>, label: string, again = false): void {
  const which = again ? ['--token', label] : ['--free']
  softHsmTool(env, '--init-token', ...which, '--label', label, '--pin', PIN, '--so-pin', SO_PIN)
}

function softHsmTool(env: Record<string, string>, ...args: string[]): void {
  execFileSync('softhsm2-util', args, { env: { ...process.env, ...env }, stdio: 'pipe' })
}

/** Changes the PIN of the token with this label. */
export function changePin({ module, env }: TestToken, label: string, from: string, to: string): void {
  const token = ['--module', module, '--token-label', label]
  execFileSync('pkcs11-tool', [...token, '--login', '--pin', from, '--change-pin', '--new-pin', to], {
    env: { ...process.env, ...env },
    stdio: 'pipe',
  })
}

/** Makes a second token that is like the first in all but label and serial number, as the vendor's cloning would. */
function cloneSoftHsm(folder: string, from: string, to: string): void {
  const [original = ''] = softHsmTokenFolders(folder)
  const clone = `${original.slice(0, -1)}${original.endsWith('0') ? '1' : '0'}`
  cpSync(original, clone, { recursive: true })
  const file = join(clone, 'token.object')
  const bytes = readFileSync(file)
  bytes.set(Buffer.from(to.padEnd(32)), bytes.indexOf(from.padEnd(32)))
  // SoftHSM2 numbers its slots by serial numbers, which are 16 hexadecimal digits.
  const serial = /[0-9a-f]{16}/.exec(bytes.toString('latin1'))
  bytes.set(Buffer.from('00000000000000aa'), serial?.index ?? 0)
  writeFileSync(file, bytes)
}

/** Brings the keys of one token to another that was cloned from it. */
export function synchronizeSoftHsm(from: string, to: string): void {
  for (const name of readdirSync(from)) if (!name.startsWith('token.')) cpSync(join(from, name), join(to, name))
}

/** The folders in which SoftHSM2 keeps its tokens, oldest first. */
export function softHsmTokenFolders(folder: string): string[] {
  return readdirSync(join(folder, 'tokens')).map((name) => join(folder, 'tokens', name))
}

function nss(folder: string, pinFile: string): Made {
  const database = `sql:${join(folder, 'nss')}`
  mkdirSync(join(folder, 'nss'))
  execFileSync('certutil', ['-N', '-d', database, '-f', pinFile], { stdio: 'pipe' })
  const parameters = `configdir='${database}' certPrefix='' keyPrefix='' secmod='secmod.db' flags=`
  const module = found('libsoftokn3.so')
  const label = 'NSS Certificate DB'
  const program = fileURLToPath(new URL('./list-objects.mjs', import.meta.url))
  const lister = [process.execPath, program, module, parameters, label, PIN]
  const recover = () => Promise.resolve()
  return { module, label, env: {}, more: ['--hsm-parameters', parameters], lister, recover }
}

function found(library: string): string {
  const folders = readdirSync('/usr/lib').map((name) => join('/usr/lib', name))
  const path = ['/usr/lib', ...folders, '/usr/local/lib'].map((folder) => join(folder, library)).find(existsSync)
  if (!path) throw new Error(`${library} is not installed`)
  return path
}

/** Two tokens, strongroom and strongroom-2; the service is configured with both. */
export function twoTokens(timeoutMs?: number): TestToken & { first: string; second: string } {
  const token = makeToken('SoftHSM2', timeoutMs)
  const [first = ''] = softHsmTokenFolders(token.folder)
  cloneSoftHsm(token.folder, 'strongroom', 'strongroom-2')
  const second = softHsmTokenFolders(token.folder).find((folder) => folder !== first) ?? ''
  return { ...token, first, second, flags: [...token.flags, '--hsm-token', 'strongroom,strongroom-2'] }
}
