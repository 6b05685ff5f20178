// Recipients and identities of age's plugin: the address of a CMK and its server, in Bech32 (docs/reference/age-stanza.md).
// Tests: test/files/plugin.test.ts.
import { decodeBech32, encodeBech32 } from '../cryptography/bech32.ts'
import { type Context, contextJson, readContext } from './stanza.ts'

const RECIPIENT = 'age1strongroom'
const IDENTITY = 'age-plugin-strongroom-'

/** The address of a CMK. It contains nothing secret. The user's environment supplies the members that are null. */
export interface Address {
  readonly endpoint: string | null
  readonly region: string | null
  /** A KeyId, an alias or an ARN. Only encryption needs it. */
  readonly key: string | null
  /** The encryption context that encryption sets and decryption requires. */
  readonly context: Context
}

/** `age1strongroom1…` */
export function encodeRecipient(address: Address): string {
  return encodeBech32(RECIPIENT, bytesOf(address))
}

/** `AGE-PLUGIN-STRONGROOM-1…` */
export function encodeIdentity(address: Address): string {
  return encodeBech32(IDENTITY, bytesOf(address)).toUpperCase()
}

/** Decodes a recipient; null for any other text. */
export function decodeRecipient(text: string): Address | null {
  return addressIn(decodeBech32(RECIPIENT, text))
}

/** Decodes an identity; null for any other text. */
export function decodeIdentity(text: string): Address | null {
  return addressIn(decodeBech32(IDENTITY, text))
}

function bytesOf({ endpoint, region, key, context }: Address): Buffer {
  const members = { endpoint, region, key, context: context.size > 0 ? contextJson(context) : null }
  const present = Object.entries(members).filter(([, value]) => value !== null)
  return Buffer.from(present.length > 0 ? JSON.stringify(Object.fromEntries(present)) : '')
}

function addressIn(bytes: Buffer | null): Address | null {
  const members = bytes && readContext(bytes.length > 0 ? bytes.toString('utf8') : '{}')
  if (!members) return null
  const { endpoint = null, region = null, key = null, context = '{}', ...unknown } = Object.fromEntries(members)
  const pairs = readContext(context)
  // Unknown members come from a later release. Ignoring them could change the meaning, so the address is refused.
  return pairs && Object.keys(unknown).length === 0 ? { endpoint, region, key, context: pairs } : null
}
