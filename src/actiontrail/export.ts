// An exported trail, a JSON object a line: who can read it needs us for nothing but the public key.
//
//   {"strongroom":"trail/1","publicKey":…,"start":{checkpoint}}     where the copy begins
//   {"seq":…,"hash":…,"record":[eventId,account,region,at,body],"event":{…}}   an event: as it is chained, and in the cloud's shape
//   {"end":{checkpoint}}                                            where it ends; a copy without it was cut
import type { KeyObject } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { ChainedEvent } from '../storage/storage.ts'
import { type Checkpoint, checkpointMatches } from './checkpoint.ts'
import { eventOf } from './event.ts'
import { ChainWalk, type Fault, type Verified } from './verify.ts'

const FORMAT = 'trail/1'

export function startLine(start: Checkpoint, publicKey: string): string {
  return JSON.stringify({ strongroom: FORMAT, publicKey, start })
}

export function eventLine(row: ChainedEvent): string {
  const { seq, hash, eventId, account, region, at, body } = row
  return JSON.stringify({ seq, hash, record: [eventId, account, region, at, body], event: eventOf(row) })
}

export function endLine(end: Checkpoint): string {
  return JSON.stringify({ end })
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
  const event = eventOf(row)
  const value = (path: string) =>
    path.split('.').reduce<unknown>((object, name) => (object as Record<string, unknown> | undefined)?.[name], event)
  return [String(row.seq), ...COLUMNS.map((path) => csvField(String(value(path) ?? '')))].join(',')
}

/** Quoted (RFC 4180); what a spreadsheet would take for a formula begins with an apostrophe. */
function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** Verifies an exported copy, line by line, with the public key alone. */
export async function verifyExport(
  lines: AsyncIterable<string>,
  publicKey: KeyObject,
  progress: (seen: number) => void,
): Promise<Verified> {
  let walk = new ChainWalk({ seq: 0, hash: '' }, [], publicKey)
  let begun = false
  let ended: Verified | null = null
  const result = (fault: Fault | null) => ({ events: walk.events, head: walk.head, fault })
  const at = (message: string) => result({ seq: walk.head.seq + 1, message })
  for await (const line of lines) {
    if (ended) return at('a line stands behind the end of the copy')
    const parsed = parse(line)
    if (!begun) {
      const start = parsed?.['start'] as Checkpoint | undefined
      if (parsed?.['strongroom'] !== FORMAT || !isSigned(start, publicKey))
        return at("the copy does not begin with a checkpoint that bears the signature of the trail's key")
      walk = new ChainWalk({ seq: start.seq, hash: start.hash }, [], publicKey)
      begun = true
    } else if (parsed && 'end' in parsed) {
      const end = parsed['end'] as Checkpoint | undefined
      if (!isSigned(end, publicKey))
        return at("the checkpoint at the end of the copy does not bear the signature of the trail's key")
      ended = result(walk.expect(end))
      if (ended.fault) return ended
    } else {
      const row = parsed && rowOf(parsed)
      if (!row) return at(`the line after event ${walk.head.seq} can't be read`)
      const fault = walk.take([row])
      if (fault) return result(fault)
      if (!isDeepStrictEqual(parsed['event'], JSON.parse(JSON.stringify(eventOf(row)))))
        return result({ seq: row.seq, message: `event ${row.seq} (${row.eventId}) shows other than what was recorded` })
      if (walk.events % 1000 === 0) progress(walk.events)
    }
  }
  return ended ?? at(begun ? `the copy breaks off after event ${walk.head.seq}: its end was cut` : 'the copy is empty')
}

function isSigned(checkpoint: Checkpoint | undefined, publicKey: KeyObject): checkpoint is Checkpoint {
  return typeof checkpoint === 'object' && checkpoint !== null && checkpointMatches(checkpoint, publicKey)
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function rowOf({ seq, hash, record }: Record<string, unknown>): ChainedEvent | null {
  if (!Array.isArray(record) || !Number.isSafeInteger(seq) || typeof hash !== 'string') return null
  const [eventId, account, region, at, body] = record as unknown[]
  if (![eventId, account, region, body].every((text) => typeof text === 'string') || !Number.isSafeInteger(at))
    return null
  return { seq, hash, eventId, account, region, at, body } as ChainedEvent
}
