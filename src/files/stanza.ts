// The stanza in age files with the file key under a data key of the service (docs/reference/age-stanza.md).
// Tests: test/files/stanza.test.ts.
import { hkdfSync } from 'node:crypto'
import {
  damaged,
  fromUnpadded,
  type Stanza,
  unpadded,
  unwrapFileKey,
  WRAPPED_BYTES,
  wrapFileKey,
} from '../cryptography/age-header.ts'
import { jsonObjectIn } from '../runtime/json.ts'

export const TYPE = 'strongroom'
export const DATA_KEY_BYTES = 32
const LABEL = 'strongroom/age/v1'
/** Stands for the server's first region. */
const NO_REGION = '-'

/** The encryption context of a data key: names and values. */
export type Context = ReadonlyMap<string, string>

/** An encrypted data key, and the CMK, region and context that decrypt it. */
interface EncryptedDataKey {
  /** The KeyId from the service's reply, never an alias. */
  readonly keyId: string
  /** The CMK's region; null for the server's first region. */
  readonly region: string | null
  readonly blob: Buffer
  readonly context: Context
}

/** A parsed stanza. */
export interface OwnStanza extends EncryptedDataKey {
  readonly stanza: Stanza
}

/** Returns the stanza with the file key under the data key (32 bytes). The data key must not wrap anything else. */
export function sealStanza(fileKey: Uint8Array, dataKey: Uint8Array, encrypted: EncryptedDataKey): Stanza {
  const { keyId, region, blob, context } = encrypted
  const args = [TYPE, keyId, region ?? NO_REGION, unpadded(blob), unpadded(Buffer.from(contextJson(context)))]
  return { args, body: wrapFileKey(wrappingKey(args, dataKey), fileKey) }
}

/** Returns the file key; null when another data key wrapped it, or the stanza was altered. */
export function openStanza({ stanza }: OwnStanza, dataKey: Uint8Array): Buffer | null {
  return unwrapFileKey(wrappingKey(stanza.args, dataKey), stanza.body)
}

/** Parses a stanza; null for another type. Throws AgeFault when it is malformed. */
export function readStanza(stanza: Stanza): OwnStanza | null {
  const [type, keyId = '', region = '', blob = '', context = ''] = stanza.args
  if (type !== TYPE) return null
  const encrypted = fromUnpadded(blob)
  const json = fromUnpadded(context)
  const pairs = json && readContext(json.toString('utf8'))
  if (stanza.args.length !== 5 || stanza.body.length !== WRAPPED_BYTES || !encrypted?.length || !pairs)
    throw damaged(`a stanza of the type ${TYPE} is malformed`)
  return { keyId, region: region === NO_REGION ? null : region, blob: encrypted, context: pairs, stanza }
}

/** Derives the wrapping key from the data key and all arguments of the stanza, so that a change of an argument is detected. */
function wrappingKey(args: readonly string[], dataKey: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', dataKey, Buffer.from(args.join(' '), 'latin1'), LABEL, 32))
}

/** The JSON of a context for the parameter EncryptionContext, sorted by name. */
export function contextJson(context: Context): string {
  return JSON.stringify(Object.fromEntries([...context].toSorted(([a], [b]) => (a < b ? -1 : 1))))
}

/** Parses a JSON object of texts; null for anything else. */
export function readContext(json: string): Context | null {
  const context = jsonObjectIn(json)
  if (!context) return null
  const pairs = Object.entries(context)
  return pairs.every((pair): pair is [string, string] => typeof pair[1] === 'string') ? new Map(pairs) : null
}
