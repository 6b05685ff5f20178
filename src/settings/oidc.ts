// Settings of OIDC: the issuers whose tokens the server accepts, and the source of their keys.
import { list, type Reader, type Rows, reading, type Told, text, truth, whole } from './row.ts'
import { fileOf, type ReadFile } from './sources.ts'
import { UsageError } from './usage-error.ts'

/** An issuer's URL, or the host of several issuers. */
const ISSUER = /^(?:https:\/\/[^\s?#@,]+|(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?)$/

/** ISSUER=FILE, repeated. */
const pinned: Reader<readonly { readonly issuer: string; readonly file: string }[]> = {
  placeholder: 'ISSUER=FILE[,…]',
  rule: '',
  schema: { type: ['string', 'array'], items: { type: 'string' } },
  flag: 'list',
  read: (name, given) =>
    given.split(',').map((item) => {
      const [, issuer, file] = /^\s*(https:\/\/[^\s?#@=]+)=(\S.*?)\s*$/.exec(item) ?? []
      if (issuer === undefined || file === undefined)
        throw new UsageError(`\`${name}\` must be ISSUER=FILE, such as https://issuer.example.com=jwks.json`)
      return { issuer, file }
    }),
}

export const OIDC = {
  'oidc-issuers': {
    reader: list(ISSUER, 'URL|HOST[:PORT][,…]'),
    help: 'the issuers of OIDC tokens whose keys the server may fetch: the URL of one, or a host for all issuers on it',
  },
  'oidc-ca-file': {
    reader: text('FILE'),
    help: 'root certificates (PEM) of issuers, in addition to the public ones',
  },
  'oidc-private-addresses': {
    reader: truth,
    fallback: 'false',
    help: 'fetch keys from issuers on loopback and private addresses, too',
  },
  'oidc-pinned-keys': {
    reader: pinned,
    help: 'files with the key set (JWKS) of an issuer; the server never fetches the keys of such an issuer',
  },
  'oidc-calls-per-second': {
    reader: whole(1, 1_000_000),
    fallback: '100',
    help: 'maximum calls of AssumeRoleWithOIDC per second from one source address, and maximum calls with verified tokens per second for one OIDC provider; from one address for one provider, a fifth of this',
  },
} as const satisfies Rows

/** A key set (RFC 7517), not yet validated. */
export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

export interface OidcSettings {
  /** URLs of issuers, and hosts. */
  readonly issuers: readonly string[]
  /** Root certificates (PEM) in addition to the public ones, or null. */
  readonly certificates: string | null
  readonly privateAddresses: boolean
  readonly pinned: ReadonlyMap<string, KeySet>
  readonly callsPerSecond: number
}

export interface Oidc {
  readonly oidc: OidcSettings
}

/** Throws UsageError. */
export function oidcOf(told: Told, readFile: ReadFile): Oidc {
  const get = reading(OIDC, told)
  const ca = get('oidc-ca-file')
  const certificates = ca === null ? null : fileOf('oidc-ca-file', ca, readFile)
  if (certificates !== null && !certificates.includes('-----BEGIN CERTIFICATE-----'))
    throw new UsageError(`the file \`${ca}\` of \`oidc-ca-file\` contains no certificate in PEM`)
  return {
    oidc: {
      issuers: get('oidc-issuers') ?? [],
      certificates,
      privateAddresses: get('oidc-private-addresses'),
      pinned: new Map((get('oidc-pinned-keys') ?? []).map(({ issuer, file }) => [issuer, keySetIn(file, readFile)])),
      callsPerSecond: get('oidc-calls-per-second'),
    },
  }
}

function keySetIn(file: string, readFile: ReadFile): KeySet {
  const keys = readKeySet(fileOf('oidc-pinned-keys', file, readFile))
  if (keys) return keys
  throw new UsageError(
    `the file \`${file}\` of \`oidc-pinned-keys\` contains no key set, which is a JSON object with an array \`keys\``,
  )
}

/** Reads a key set; null for any other text. */
export function readKeySet(json: string): KeySet | null {
  try {
    const { keys } = (JSON.parse(json) ?? {}) as { keys?: unknown }
    const isSet = Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null)
    return isSet ? { keys } : null
  } catch {
    return null
  }
}
