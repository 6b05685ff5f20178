// Real PKCS #11 tokens for tests, each in a folder of its own: SoftHSM2 and NSS softokn, two independent implementations.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
  /** Settings of the service, as flags. A generous time-out: tests share the machine. */
  readonly flags: readonly string[]
  /** What the library reads of its environment. */
  readonly env: Record<string, string>
  /** Runs pkcs11-tool on the token, logged in; answers what it prints. */
  tool(...args: string[]): string
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
      ...['--hsm-timeout-ms', String(timeoutMs), '--hsm-regions', REGIONS],
      ...made.more,
    ],
    tool: (...args) =>
      execFileSync('pkcs11-tool', ['--module', made.module, ...made.toolFlags, '--login', '--pin', PIN, ...args], {
        encoding: 'utf8',
        env: { ...process.env, ...made.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    [Symbol.dispose]: () => removeFolder(folder),
  }
}

interface Made {
  readonly module: string
  readonly label: string
  readonly env: Record<string, string>
  readonly more: readonly string[]
  readonly toolFlags: readonly string[]
}

function softHsm(folder: string): Made {
  const configuration = join(folder, 'softhsm2.conf')
  const tokens = join(folder, 'tokens')
  mkdirSync(tokens)
  writeFileSync(configuration, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`)
  const env = { SOFTHSM2_CONF: configuration }
  initSoftHsm(env, 'strongroom')
  const toolFlags = ['--token-label', 'strongroom']
  return { module: found('softhsm/libsofthsm2.so'), label: 'strongroom', env, more: [], toolFlags }
}

/** Makes a token in a free slot, or makes the token of this label anew: its objects are gone then. */
export function initSoftHsm(env: Record<string, string>, label: string, again = false): void {
  const which = again ? ['--token', label] : ['--free']
  softHsmTool(env, '--init-token', ...which, '--label', label, '--pin', PIN, '--so-pin', SO_PIN)
}

export function softHsmTool(env: Record<string, string>, ...args: string[]): void {
  execFileSync('softhsm2-util', args, { env: { ...process.env, ...env }, stdio: 'pipe' })
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
  return {
    module: found('libsoftokn3.so'),
    label: 'NSS Certificate DB',
    // For pkcs11-tool, which can't hand parameters over.
    env: { NSS_LIB_PARAMS: parameters },
    more: ['--hsm-parameters', parameters],
    toolFlags: ['--token-label', 'NSS Certificate DB'],
  }
}

function found(library: string): string {
  const folders = readdirSync('/usr/lib').map((name) => join('/usr/lib', name))
  const path = ['/usr/lib', ...folders, '/usr/local/lib'].map((folder) => join(folder, library)).find(existsSync)
  if (!path) throw new Error(`${library} is not installed`)
  return path
}
