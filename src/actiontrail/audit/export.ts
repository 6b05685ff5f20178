// An exported trail: one JSON object a line, verifiable with the public key alone (docs/reference/trail-formats.md).
//
//   {"strongroom":"trail/2","publicKey":…,"start":{checkpoint}}     the heads before the first event of each lane
//   {"seq":…,"hash":…,"record":[eventId,account,region,at,body,change],"event":{…}}   an event: as it is chained, and as the API shows it
//   {"end":{checkpoint}}                                            the heads after the last event of each lane
//   {"sha256":…,"signature":…}                                      signs all bytes before it, so that a cut is found
import { createHash } from 'node:crypto'
import type { ChainedEvent, Heads } from '../../storage/storage.ts'
import { renderEvent } from '../events/event.ts'
import type { Checkpoint, TrailSigner } from './checkpoint.ts'

/** The format of lane 0 alone. */
export const EXPORT_FORMAT = 'trail/2'
/** The format of several lanes. Their events come lane by lane. */
export const EXPORT_FORMAT_OF_LANES = 'trail/3'

/** Makes the lines of an export, in order and without line feeds. Hashes them for the signature in the last line. */
export class ExportLines {
  readonly #hash = createHash('sha256')
  readonly #signer: TrailSigner

  constructor(signer: TrailSigner) {
    this.#signer = signer
  }

  /** `now`: milliseconds since 1970. */
  start(heads: Heads, now: number): string {
    const { publicKey } = this.#signer
    const strongroom = heads.length > 1 ? EXPORT_FORMAT_OF_LANES : EXPORT_FORMAT
    return this.#hashed({ strongroom, publicKey, start: this.#signer.checkpoint(heads, now) })
  }

  event(row: ChainedEvent): string {
    const { seq, hash, eventId, account, region, at, body, change } = row
    const record = [eventId, account, region, at, body, ...(change === null ? [] : [change])]
    return this.#hashed({ seq, hash, record, event: renderEvent(row) })
  }

  end(heads: Heads, now: number): string {
    return this.#hashed({ end: this.#signer.checkpoint(heads, now) } satisfies { end: Checkpoint })
  }

  seal(): string {
    const sha256 = this.#hash.digest('hex')
    return JSON.stringify({ sha256, signature: this.#signer.sign(sealText(sha256)) })
  }

  #hashed(object: unknown): string {
    const line = JSON.stringify(object)
    this.#hash.update(`${line}\n`)
    return line
  }
}

/** The text that the last line signs; `sha256` (hexadecimal) covers all bytes before that line. */
export function sealText(sha256: string): string {
  return `strongroom/trail-export/2\n${sha256}`
}

const COLUMNS = [
  'eventTime',
  'eventId',
  'serviceName',
  'eventName',
  'eventRW',
  'errorCode',
  'acsRegion',
  'recipientAccountId',
  'userIdentity.type',
  'userIdentity.userName',
  'userIdentity.accessKeyId',
  'sourceIpAddress',
  'userAgent',
  'resourceType',
  'resourceName',
] as const

/** The header of a CSV table of events. A table is for reading and can't be verified. */
export function csvHead(): string {
  return ['seq', ...COLUMNS].join(',')
}

export function csvRow(row: ChainedEvent): string {
  const event = renderEvent(row)
  const value = (path: string) =>
    path.split('.').reduce<unknown>((object, name) => (object as Record<string, unknown> | undefined)?.[name], event)
  return [String(row.seq), ...COLUMNS.map((path) => csvField(String(value(path) ?? '')))].join(',')
}

/** A quoted field (RFC 4180). A leading apostrophe keeps spreadsheets from reading the text as a formula. */
function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
