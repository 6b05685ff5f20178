// The settings of managed HSM: the library, its tokens and their PIN, which stands in no flag and no configuration file.
import type { Env, Setting } from './settings.ts'
import { UsageError } from './usage-error.ts'

export const HSM_DEFAULTS: Readonly<Record<string, string>> = {
  'hsm-regions': 'cn-hongkong,ap-southeast-1',
  'hsm-sessions': '16',
  'hsm-timeout-ms': '200',
  'hsm-key-timeout-ms': '10000',
}

export const HSM_SETTINGS: readonly Setting[] = [
  {
    name: 'hsm-module',
    value: 'FILE',
    help: 'the PKCS #11 library of an HSM, which keeps keys of protection level HSM',
  },
  {
    name: 'hsm-token',
    value: 'NAME[,NAME…]',
    help: 'label or serial number of the token; several that are kept alike',
  },
  { name: 'hsm-pin-file', value: 'FILE', help: 'the file with the PIN of the tokens' },
  { name: 'hsm-parameters', value: 'TEXT', help: 'what the library wants to be initialized with, such as that of NSS' },
  { name: 'hsm-regions', value: 'ID[,ID…]', help: 'the regions that offer the protection level HSM' },
  { name: 'hsm-sessions', value: 'N', help: 'sessions to open on each token at the most' },
  { name: 'hsm-timeout-ms', value: 'MS', help: 'how long a call that uses a key may wait for the HSM' },
  { name: 'hsm-key-timeout-ms', value: 'MS', help: 'how long a call that makes or imports a key may wait for the HSM' },
]

/** Nothing but the HSM's PIN is missing. */
export class PinNeeded extends UsageError {
  constructor() {
    super('the HSM needs a PIN: set hsm-pin-file or STRONGROOM_HSM_PIN')
  }
}

/** Where managed HSM lives: a PKCS #11 library and the tokens that it shows. */
export interface HsmSettings {
  readonly module: string
  readonly tokens: readonly string[]
  readonly parameters: string | null
  readonly pinFile: string | null
  /** Secret; null when the file or a prompt has it. */
  readonly pin: string | null
  readonly sessions: number
  /** How long a call that uses a key may wait for the device. */
  readonly timeoutMs: number
  /** How long a call may that makes or imports one, or makes a wrapping key. */
  readonly keyTimeoutMs: number
  /** What the library's process finds in its environment: all but what is Strongroom's own, its database's, and Node's. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

const OWN_VARIABLE = /^(?:STRONGROOM_|PG|ALIBABA_?CLOUD_|NODE_OPTIONS$)/

/** How settings of these types are read. */
interface Readers {
  list(name: string, value: string, item: RegExp): string[]
  whole(name: string, min: number, max: number): number
}

/** The HSM that is configured, or null. Throws UsageError. */
export function hsmOf(get: (name: string) => string | null, env: Env, { list, whole }: Readers): HsmSettings | null {
  const [module, tokens, pinFile, parameters] = [
    get('hsm-module'),
    get('hsm-token'),
    get('hsm-pin-file'),
    get('hsm-parameters'),
  ]
  if (module === null && tokens === null && pinFile === null && parameters === null) return null
  if (module === null || tokens === null) throw new UsageError('hsm-module and hsm-token go together')
  return {
    module,
    tokens: list('hsm-token', tokens, /^[^,]{1,64}$/),
    parameters,
    pinFile,
    pin: env['STRONGROOM_HSM_PIN'] || null,
    sessions: whole('hsm-sessions', 1, 1024),
    timeoutMs: whole('hsm-timeout-ms', 10, 60_000),
    keyTimeoutMs: whole('hsm-key-timeout-ms', 100, 600_000),
    environment: Object.fromEntries(Object.entries(env).filter(([name]) => !OWN_VARIABLE.test(name))),
  }
}
