// Verifies an exported copy, line by line, with the public key alone. Rejects every byte that an export would not write.
import { createHash, type KeyObject } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { named } from '../../ledger/chain.ts'
import { laneOf } from '../../storage/lane.ts'
import type { ChainedEvent, Heads } from '../../storage/storage.ts'
import { renderEvent } from '../events/event.ts'
import { type Checkpoint, checkpointMatches, headsOf, publicKeyOf, signatureMatches } from './checkpoint.ts'
import { EXPORT_FORMAT, EXPORT_FORMAT_OF_LANES, sealText } from './export.ts'
import { ChainWalk, Checkpoints, type Fault, type Verified } from './verify.ts'

/** The former format, which signs no whole copy: here the event shown in a line must equal what this program renders. */
const FORMER = 'trail/1'
type Line = Record<string, unknown>

/** The longest line to read, in bytes. Lines of copies and backups are shorter. */
const LONGEST_LINE = 64 * 1024 * 1024

/**
 * The lines of a file, split at line feeds alone. A line longer than `longest` ends the output with its beginning, which no reader accepts.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>, longest = LONGEST_LINE): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let length = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, end)])
      rest = []
      length = 0
      from = end + 1
    }
    if (from === chunk.length) continue
    rest.push(chunk.subarray(from))
    length += chunk.length - from
    if (length > longest) break
  }
  if (rest.length > 0) yield Buffer.concat(rest)
}

/** Verifies the lines of a copy up to the first fault. */
export async function verifyExport(
  lines: AsyncIterable<Buffer>,
  publicKey: KeyObject,
  progress: (seen: number) => void,
): Promise<Verified> {
  const copy = new Copy(publicKey)
  for await (const line of lines) {
    const fault = copy.take(line)
    if (fault) return copy.verdict(fault)
    if (copy.events % 1000 === 0) progress(copy.events)
  }
  return copy.verdict(copy.unfinished())
}

class Copy {
  readonly #publicKey: KeyObject
  readonly #hash = createHash('sha256')
  /** By lane. */
  #walks: readonly ChainWalk[] = []
  #format: string | null = null
  /** The last event that was verified. */
  #last = 0
  #at: 'start' | 'events' | 'seal' | 'end' = 'start'
  /** The fault of the first event that this program renders differently. A later version may have written the line. */
  #shown: Fault | null = null

  constructor(publicKey: KeyObject) {
    this.#publicKey = publicKey
  }

  get events(): number {
    return this.#walks.reduce((sum, { events }) => sum + events, 0)
  }

  verdict(fault: Fault | null): Verified {
    const confirmed = this.#walks.reduce((sum, walk) => sum + walk.confirmed, 0)
    return { events: this.events, confirmed, heads: this.#walks.map(({ head }) => head), fault }
  }

  /** The fault of a copy that ends here; null for a complete copy. */
  unfinished(): Fault | null {
    if (this.#at === 'end') return null
    if (this.#at === 'start') return this.#fault('the copy is empty')
    return this.#fault(`the copy breaks off after event ${named(this.#last)}: its end was cut`)
  }

  take(bytes: Buffer): Fault | null {
    if (this.#at === 'end') return this.#fault('a line comes after the end of the copy')
    const text = bytes.toString('utf8')
    if (this.#at === 'seal') return this.#seal(text)
    this.#hash.update(bytes).update('\n')
    const line = parse(text)
    if (this.#at === 'start') return this.#begin(line)
    if (!line) return this.#fault(`the line after event ${named(this.#last)} can't be read`)
    // JSON.parse keeps only the last of several members with the same name, so the text must equal its own rendering.
    if (JSON.stringify(line) !== text)
      return this.#fault(`the line after event ${named(this.#last)} is not as it was written`)
    return 'end' in line ? this.#end(line) : this.#event(line)
  }

  #begin(line: Line | null): Fault | null {
    const format = line?.['strongroom']
    const start = line?.['start']
    const lanes = this.#isSigned(start) ? headsOf(start) : []
    const fits = lanes.length > 1 ? format === EXPORT_FORMAT_OF_LANES : format === EXPORT_FORMAT || format === FORMER
    if (!line || !fits || !this.#isSigned(start))
      return this.#fault("the copy does not begin with a checkpoint that bears the signature of the trail's key")
    const added = memberBeside(line, ['strongroom', 'publicKey', 'start']) ?? memberBeside(start, membersOf(start))
    if (added !== null) return this.#fault(`the first line of the copy holds a member \`${added}\` that was added`)
    if (!isKey(line['publicKey'], this.#publicKey)) return this.#fault('the copy names another public key')
    this.#format = format as string
    this.#last = start.seq
    this.#walks = lanes.map((head) => new ChainWalk(head, new Checkpoints([], this.#publicKey)))
    this.#at = 'events'
    return null
  }

  #event(line: Line): Fault | null {
    const row = rowOf(line)
    if (!row) return this.#fault(`the line after event ${named(this.#last)} can't be read`)
    const walk = this.#walks[laneOf(row.seq)]
    if (!walk)
      return this.#fault(`event ${named(row.seq)} (${row.eventId}) is of a lane that the copy does not begin with`)
    const fault = walk.take([row])
    if (fault) return fault
    this.#last = row.seq
    const added = memberBeside(line, ['seq', 'hash', 'record', 'event'])
    if (added !== null)
      return this.#fault(`the line of event ${row.seq} holds a member \`${added}\` that was added`, row)
    if (this.#shown || isShownAsHere(row, line['event'])) return null
    this.#shown = this.#fault(`event ${row.seq} (${row.eventId}) is shown differently from what was recorded`, row)
    return this.#format === FORMER ? this.#shown : null
  }

  #end(line: Line): Fault | null {
    const { end } = line
    if (!this.#isSigned(end))
      return this.#fault("the checkpoint at the end of the copy does not bear the signature of the trail's key")
    const added = memberBeside(line, ['end']) ?? memberBeside(end, membersOf(end))
    if (added !== null) return this.#fault(`the end of the copy holds a member \`${added}\` that was added`)
    this.#at = this.#format === FORMER ? 'end' : 'seal'
    return this.#expect(headsOf(end))
  }

  /** Compares the lanes' ends with the last checkpoint. */
  #expect(heads: Heads): Fault | null {
    if (heads.length !== this.#walks.length) return this.#fault('the copy ends with other lanes than it begins with')
    for (const [lane, head] of heads.entries()) {
      const fault = this.#walks[lane]?.expect(head) ?? null
      if (fault) return fault
    }
    return null
  }

  #seal(text: string): Fault | null {
    this.#at = 'end'
    const sha256 = this.#hash.digest('hex')
    const signature = parse(text)?.['signature']
    const signed =
      typeof signature === 'string' &&
      text === JSON.stringify({ sha256, signature }) &&
      signatureMatches(sealText(sha256), signature, this.#publicKey)
    if (signed) return null
    return this.#shown ?? this.#fault('the copy is not the one that was signed: something was altered or added')
  }

  #isSigned(checkpoint: unknown): checkpoint is Checkpoint {
    return (
      typeof checkpoint === 'object' &&
      checkpoint !== null &&
      checkpointMatches(checkpoint as Checkpoint, this.#publicKey)
    )
  }

  #fault(message: string, { seq }: { readonly seq: number } = { seq: this.#last + 1 }): Fault {
    return { seq, message }
  }
}

/** The members of a checkpoint of the same format. */
function membersOf(checkpoint: Checkpoint): readonly string[] {
  return ['seq', 'heads' in checkpoint ? 'heads' : 'hash', 'at', 'signature']
}

/** The first member of the object whose name is not listed, or null. */
function memberBeside(object: object, names: readonly string[]): string | null {
  return Object.keys(object).find((name) => !names.includes(name)) ?? null
}

function isKey(pem: unknown, publicKey: KeyObject): boolean {
  try {
    return typeof pem === 'string' && publicKeyOf(pem).equals(publicKey)
  } catch {
    return false
  }
}

function parse(line: string): Line | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Line) : null
  } catch {
    return null
  }
}

/** Whether this program renders the event in the same way. It can't render events of later versions. */
function isShownAsHere(row: ChainedEvent, event: unknown): boolean {
  try {
    return isDeepStrictEqual(event, JSON.parse(JSON.stringify(renderEvent(row))))
  } catch {
    return false
  }
}

function rowOf({ seq, hash, record }: Line): ChainedEvent | null {
  if (!Array.isArray(record) || !Number.isSafeInteger(seq) || typeof hash !== 'string') return null
  if (record.length !== 5 && record.length !== 6) return null
  const [eventId, account, region, at, body, change = null] = record as unknown[]
  if (![eventId, account, region, body].every((text) => typeof text === 'string') || !Number.isSafeInteger(at))
    return null
  if (record.length === 6 && !Number.isSafeInteger(change)) return null
  return { seq, hash, eventId, account, region, at, body, change } as ChainedEvent
}
