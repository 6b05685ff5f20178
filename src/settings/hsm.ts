// Settings of managed HSM: the library, its tokens, and their PIN, which no flag and no configuration file may contain.
import { REGION } from './listen.ts'
import { list, type Rows, reading, type Told, text, whole } from './row.ts'
import type { Env } from './sources.ts'
import { UsageError } from './usage-error.ts'

export const HSM = {
  'hsm-module': {
    reader: text('FILE'),
    help: 'the PKCS #11 library of an HSM, which keeps keys of protection level HSM',
  },
  'hsm-token': {
    reader: list(/^[^,]{1,64}$/, 'NAME[,NAME…]'),
    help: 'label or serial number of the token, or of several tokens with the same keys',
  },
  'hsm-pin-file': { reader: text('FILE'), help: 'the file with the PIN of the tokens' },
  'hsm-parameters': {
    reader: text('TEXT'),
    help: 'initialization parameters of the library, if it needs any, such as NSS',
  },
  'hsm-regions': {
    reader: list(REGION, 'ID[,ID…]'),
    fallback: 'cn-hongkong,ap-southeast-1',
    help: 'the regions that offer the protection level HSM',
  },
  'hsm-sessions': { reader: whole(1, 1024), fallback: '16', help: 'maximum number of sessions on each token' },
  'hsm-timeout-ms': {
    reader: whole(10, 60_000, 'MS'),
    fallback: '200',
    help: 'time limit in the HSM for a call that uses a key',
  },
  'hsm-key-timeout-ms': {
    reader: whole(100, 600_000, 'MS'),
    fallback: '10000',
    help: 'time limit in the HSM for a call that creates or imports a key',
  },
} as const satisfies Rows

/** Only the HSM's PIN is missing. */
export class PinNeeded extends UsageError {
  constructor() {
    super('the HSM needs a PIN: set hsm-pin-file or STRONGROOM_HSM_PIN')
  }
}

/** A PKCS #11 library and its tokens. */
export interface HsmSettings {
  readonly module: string
  readonly tokens: readonly string[]
  readonly parameters: string | null
  readonly pinFile: string | null
  /** Secret; null where a file or a prompt provides it. */
  readonly pin: string | null
  readonly sessions: number
  /** The most time that a call with a key may wait for the device. */
  readonly timeoutMs: number
  /** The most time that a call may wait which creates or imports a key, or creates a wrapping key. */
  readonly keyTimeoutMs: number
  /** The environment of the library's process, without the variables of Strongroom, its database, its collector and Node. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

const OWN_VARIABLE = /^(?:STRONGROOM_|PG|ALIBABA_?CLOUD_|OTEL_|NODE_OPTIONS$)/

export interface Hsm {
  readonly hsm: HsmSettings | null
  /** Empty where no HSM is configured. */
  readonly hsmRegions: readonly string[]
}

/** Throws UsageError. */
export function hsmOf(told: Told, env: Env): Hsm {
  const get = reading(HSM, told)
  const [module, tokens, pinFile, parameters] = [
    get('hsm-module'),
    get('hsm-token'),
    get('hsm-pin-file'),
    get('hsm-parameters'),
  ]
  if (module === null && tokens === null && pinFile === null && parameters === null)
    return { hsm: null, hsmRegions: [] }
  if (module === null || tokens === null) throw new UsageError('an HSM needs both `hsm-module` and `hsm-token`')
  const hsm = {
    module,
    tokens,
    parameters,
    pinFile,
    pin: env['STRONGROOM_HSM_PIN'] || null,
    sessions: get('hsm-sessions'),
    timeoutMs: get('hsm-timeout-ms'),
    keyTimeoutMs: get('hsm-key-timeout-ms'),
    environment: Object.fromEntries(Object.entries(env).filter(([name]) => !OWN_VARIABLE.test(name))),
  }
  return { hsm, hsmRegions: get('hsm-regions') }
}
