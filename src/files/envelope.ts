// Encrypts and decrypts streams in age's format, with file keys that the service wraps. Tests: test/files/files.test.ts, with the real age.
import { armored, unarmored } from '../cryptography/age-armor.ts'
import {
  AgeFault,
  decodeHeader,
  demandMac,
  encodeHeader,
  FILE_KEY_BYTES,
  type Stanza,
} from '../cryptography/age-header.ts'
import { type Fill, openPayload, type Random, sealPayload, splitHeader } from '../cryptography/age-stream.ts'
import { type DataKeys, type KeyChoice, Refusal, Unreachable } from './service.ts'
import { type Context, type OwnStanza, readStanza } from './stanza.ts'

type Parts = AsyncIterable<readonly Buffer[]>

/** Encrypts a stream under a CMK. Rejects before the first part where the service returns no data key. */
export async function sealedFile(
  content: Fill,
  { keys, choice, armor, random }: { keys: DataKeys; choice: KeyChoice; armor: boolean; random: Random },
): Promise<Parts> {
  const fileKey = random(FILE_KEY_BYTES)
  const header = encodeHeader(fileKey, [await keys.wrap(fileKey, choice)])
  const file = after(header, sealPayload(content, fileKey, random))
  return armor ? armored(file) : file
}

async function* after(header: Buffer, payload: Parts): Parts {
  yield [header]
  yield* payload
}

/**
 * Decrypts a stream, in armor or not. Only content that ends without an error is complete. Rejects with AgeFault, Refusal or Unreachable.
 */
export async function openedFile(
  file: Fill,
  { keys, region, demanded }: { keys: DataKeys; region: string | null; demanded: Context },
): Promise<Parts> {
  const { header, payload } = await splitHeader(await unarmored(file))
  const read = decodeHeader(header)
  const fileKey = await unwrapped(ownStanzas(read.stanzas), { keys, region, demanded })
  demandMac(read, fileKey)
  return openPayload(payload, fileKey)
}

/** Returns the stanzas of the service. Throws AgeFault, which names the other types, where there are none. */
function ownStanzas(stanzas: readonly Stanza[]): readonly OwnStanza[] {
  const own = stanzas.flatMap((stanza) => readStanza(stanza) ?? [])
  if (own.length > 0) return own
  const types = [...new Set(stanzas.map(({ args }) => JSON.stringify(args[0])))].join(', ')
  throw new AgeFault('no match', `no key of the service opens it: its recipients are of the types ${types}`)
}

/**
 * Returns the file key from the first stanza that opens. Rejects with the reason of the last stanza whose key the service knows, or else
 * the first.
 */
async function unwrapped(
  stanzas: readonly OwnStanza[],
  { keys, region, demanded }: { keys: DataKeys; region: string | null; demanded: Context },
): Promise<Buffer> {
  let why: unknown = null
  for (const own of stanzas) {
    try {
      demandContext(own.context, demanded)
      return await keys.unwrap(own, region)
    } catch (error) {
      if (error instanceof Unreachable) throw error
      // An unknown key is the least helpful reason, since another server may have the key.
      if (why === null || !isUnknown(error)) why = error
    }
  }
  throw why
}

/** Whether the error means that the service does not have the key. */
export function isUnknown(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'Forbidden.KeyNotFound'
}

/** Throws AgeFault when a context lacks a demanded pair. */
export function demandContext(context: Context, demanded: Context): void {
  for (const [name, value] of demanded) {
    if (context.get(name) === value) continue
    const shown = (text: string | undefined) => (text === undefined ? 'no value' : JSON.stringify(text))
    throw new AgeFault(
      'no match',
      `its encryption context has ${shown(context.get(name))} for ${JSON.stringify(name)}, not ${JSON.stringify(value)}`,
    )
  }
}
