// What files ask of the key service: a data key to wrap a file key with, and to open one again. Works with any server of the API.
import type { Stanza } from '../cryptography/age-header.ts'
import { fromBase64 } from '../cryptography/encoding.ts'
import { type Context, contextJson, DATA_KEY_BYTES, type OwnStanza, openStanza, sealStanza } from './stanza.ts'

/** Calls an operation of the key service. Rejects when the service can't be reached. */
export type CallKms = (
  parameters: ReadonlyMap<string, string>,
) => Promise<{ readonly status: number; readonly answer: Readonly<Record<string, unknown>> }>

/** Which CMK makes the data keys of files, and what these are bound to. */
export interface KeyChoice {
  /** A KeyId, an alias or an ARN. */
  readonly key: string
  /** Null for the one of the surroundings. */
  readonly region: string | null
  readonly context: Context
}

/** A call that the service refused. */
export class Refusal extends Error {
  readonly code: string
  constructor(answer: Readonly<Record<string, unknown>>, lines: readonly string[]) {
    super(lines.join('; '))
    this.code = String(answer['Code'])
  }
}

/** No call got through: no other file will fare better. */
export class Unreachable extends Error {}

/** Wraps file keys, and unwraps them, by calls. */
export class DataKeys {
  readonly #call: CallKms
  readonly #region: string | null
  readonly #said: (answer: Readonly<Record<string, unknown>>) => readonly string[]

  /** `said`: what is said of a refusal. `region`: where keys are made use of whose region nobody says; null for the server's first one. */
  constructor(
    call: CallKms,
    said: (answer: Readonly<Record<string, unknown>>) => readonly string[],
    region: string | null,
  ) {
    this.#call = call
    this.#said = said
    this.#region = region
  }

  /** A stanza with the file key under a fresh data key. Rejects with Refusal or Unreachable. */
  async wrap(fileKey: Uint8Array, choice: KeyChoice): Promise<Stanza> {
    const { key, context } = choice
    const region = choice.region ?? this.#region
    const answer = await this.#ask('GenerateDataKey', region, context, { KeyId: key, KeySpec: 'AES_256' })
    const dataKey = dataKeyIn(answer)
    const blob = fromBase64(String(answer['CiphertextBlob']))
    if (!blob) throw new Unreachable('the key service returned a data key whose CiphertextBlob is not Base64')
    const stanza = sealStanza(fileKey, dataKey, { keyId: String(answer['KeyId']), region, blob, context })
    dataKey.fill(0)
    return stanza
  }

  /** The file key in a stanza. `region` is asked in place of the stanza's. Rejects with Refusal, Unreachable, or what is wrong with the stanza. */
  async unwrap(own: OwnStanza, region: string | null): Promise<Buffer> {
    const parameters = { CiphertextBlob: own.blob.toString('base64') }
    const about = `it was encrypted with the key ${own.keyId}`
    const answer = await this.#ask('Decrypt', region ?? own.region, own.context, parameters, about)
    // Else who writes the file could have it opened by any CMK that the caller may use, under another one's name.
    if (answer['KeyId'] !== own.keyId)
      throw new Error(`its header names the key ${own.keyId}, and its data key is of ${answer['KeyId']}`)
    const dataKey = dataKeyIn(answer)
    const fileKey = openStanza(own, dataKey)
    dataKey.fill(0)
    if (!fileKey) throw new Error(`its header was altered: the data key of ${own.keyId} does not open it`)
    return fileKey
  }

  async #ask(
    action: 'GenerateDataKey' | 'Decrypt',
    region: string | null,
    context: Context,
    parameters: Readonly<Record<string, string>>,
    about = '',
  ): Promise<Readonly<Record<string, unknown>>> {
    const all = new Map(Object.entries({ Action: action, Version: '2016-01-20', ...parameters }))
    if (context.size > 0) all.set('EncryptionContext', contextJson(context))
    if (region !== null) all.set('RegionId', region)
    const { status, answer } = await this.#call(all).catch((error: Error) => {
      throw new Unreachable(error.message, { cause: error })
    })
    if (status >= 300) throw new Refusal(answer, [...this.#said(answer), ...(about ? [about] : [])])
    return answer
  }
}

function dataKeyIn(answer: Readonly<Record<string, unknown>>): Buffer {
  const dataKey = fromBase64(String(answer['Plaintext']))
  if (dataKey?.length !== DATA_KEY_BYTES)
    throw new Error(`the key service returned no data key of ${DATA_KEY_BYTES} bytes`)
  return dataKey
}
