// The calls of the key service for files: a new data key to wrap a file key, and the decryption of one. Works with any server of the API.
import type { Stanza } from '../cryptography/age-header.ts'
import { fromBase64 } from '../cryptography/encoding.ts'
import { type Context, contextJson, DATA_KEY_BYTES, type OwnStanza, openStanza, sealStanza } from './stanza.ts'

/** Calls an operation of the key service. Rejects when the service can't be reached. */
export type CallKms = (
  parameters: ReadonlyMap<string, string>,
) => Promise<{ readonly status: number; readonly answer: Readonly<Record<string, unknown>> }>

/** The CMK for the data keys of files, and their encryption context. */
export interface KeyChoice {
  /** A KeyId, an alias or an ARN. */
  readonly key: string
  /** null for the region of the environment. */
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

/** The service can't be reached. Further files would fail too. */
export class Unreachable extends Error {}

/** Wraps and unwraps file keys by calls of the service. */
export class DataKeys {
  readonly #call: CallKms
  readonly #region: string | null
  readonly #said: (answer: Readonly<Record<string, unknown>>) => readonly string[]

  /** `said` describes a refusal in lines. `region` is the default region; null for the server's first region. */
  constructor(
    call: CallKms,
    said: (answer: Readonly<Record<string, unknown>>) => readonly string[],
    region: string | null,
  ) {
    this.#call = call
    this.#said = said
    this.#region = region
  }

  /** Returns a stanza with the file key under a new data key. Rejects with Refusal or Unreachable. */
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

  /** Returns the file key in a stanza. `region` overrides the stanza's. Rejects with Refusal, Unreachable, or an error about the stanza. */
  async unwrap(own: OwnStanza, region: string | null): Promise<Buffer> {
    const parameters = { CiphertextBlob: own.blob.toString('base64') }
    const about = `it was encrypted with the key ${own.keyId}`
    const answer = await this.#ask('Decrypt', region ?? own.region, own.context, parameters, about)
    // Without this check, the author of a file could have it decrypted by any CMK that the caller may use, under the name of another CMK.
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
