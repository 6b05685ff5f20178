// An exported trail, a JSON object a line: who can read it needs us for nothing but the public key (docs/reference/trail-formats.md).
//
//   {"strongroom":"trail/2","publicKey":…,"start":{checkpoint}}     where the copy begins
//   {"seq":…,"hash":…,"record":[eventId,account,region,at,body],"event":{…}}   an event: as it is chained, and in the cloud's shape
//   {"end":{checkpoint}}                                            where it ends
//   {"sha256":…,"signature":…}                                      signs all bytes before it; a copy without it was cut
import { createHash } from 'node:crypto'
import type { ChainedEvent, Head } from '../../storage/storage.ts'
import { renderEvent } from '../events/event.ts'
import type { Checkpoint, TrailSigner } from './checkpoint.ts'

export const EXPORT_FORMAT = 'trail/2'

/** The lines of an export, in order, without their line feeds. Keeps the hash that the last one signs. */
export class ExportLines {
  readonly #hash = createHash('sha256')
  readonly #signer: TrailSigner

  constructor(signer: TrailSigner) {
    this.#signer = signer
  }

  /** `now`: milliseconds since 1970. */
  start(head: Head, now: number): string {
    const { publicKey } = this.#signer
    return this.#hashed({ strongroom: EXPORT_FORMAT, publicKey, start: this.#signer.checkpoint(head, now) })
  }

  event(row: ChainedEvent): string {
    const { seq, hash, eventId, account, region, at, body } = row
    return this.#hashed({ seq, hash, record: [eventId, account, region, at, body], event: renderEvent(row) })
  }

  end(head: Head, now: number): string {
    return this.#hashed({ end: this.#signer.checkpoint(head, now) } satisfies { end: Checkpoint })
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

/** What the last line's signature is over; `sha256` (hex) is that of all bytes before the line. */
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

/** The head of a table of events. A table is for reading and can't be verified. */
export function csvHead(): string {
  return ['seq', ...COLUMNS].join(',')
}

export function csvRow(row: ChainedEvent): string {
  const event = renderEvent(row)
  const value = (path: string) =>
    path.split('.').reduce<unknown>((object, name) => (object as Record<string, unknown> | undefined)?.[name], event)
  return [String(row.seq), ...COLUMNS.map((path) => csvField(String(value(path) ?? '')))].join(',')
}

/** Quoted (RFC 4180); what a spreadsheet would take for a formula begins with an apostrophe. */
function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
