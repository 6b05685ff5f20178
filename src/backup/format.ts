// The contents of a backup before sealing: lines of JSON. The first line describes the backup, and each other line is a row
// (storage/copying/copied.ts). docs/backup.md specifies the format.
import { linesOf } from '../actiontrail/audit/verify-export.ts'
import { COPIED, type Copied, type CopiedName, type Counts, TABLES } from '../storage/copying/copied.ts'

export const FORMAT = 'strongroom-backup/1'

/**
 * `at` is milliseconds since 1970. The backup holds everything committed before, and may hold what was committed in the same millisecond.
 */
export interface BackupHead {
  readonly format: typeof FORMAT
  /** Identifies the backup. */
  readonly id: string
  readonly at: number
  /** The release that wrote the backup. */
  readonly version: string
  /** The version of the database's tables. */
  readonly schema: number
  /** The number of rows of each table. */
  readonly counts: Counts
}

/** The file is a damaged or incomplete backup, or no backup. */
export class BackupFault extends Error {}

export async function* encodeBackup(
  head: BackupHead,
  rows: AsyncIterable<readonly Copied[]>,
): AsyncGenerator<Buffer, void, void> {
  yield Buffer.from(`${JSON.stringify(head)}\n`)
  for await (const some of rows) yield Buffer.from(some.map((row) => `${JSON.stringify(row)}\n`).join(''))
}

/** The most rows of one batch. */
const ROWS_AT_ONCE = 1000
const MOST_BYTES_AT_ONCE = 4 * 1024 * 1024

export interface DecodedBackup {
  readonly head: BackupHead
  readonly rows: AsyncGenerator<readonly Copied[], void, void>
}

/** Reads the first line. The rows end with a BackupFault where some are missing. Throws BackupFault, and what `stream` throws. */
export async function decodeBackup(stream: AsyncIterable<Buffer>): Promise<DecodedBackup> {
  const lines = linesOf(stream)
  const { value: first } = await lines.next()
  const head = parsed(first) as Partial<BackupHead> | null
  if (head?.format !== FORMAT) {
    await lines.return(undefined)
    throw new BackupFault(
      String(head?.format).startsWith('strongroom-backup/')
        ? `it has the format ${head?.format}, which this program does not know: use a newer strongroom`
        : 'it is no backup of strongroom',
    )
  }
  if (!isHead(head)) throw new BackupFault('its first line is malformed')
  return { head, rows: decodedRows(lines, head.counts) }
}

async function* decodedRows(
  lines: AsyncGenerator<Buffer>,
  counts: Counts,
): AsyncGenerator<readonly Copied[], void, void> {
  const seen = Object.fromEntries(COPIED.map((name) => [name, 0])) as Record<CopiedName, number>
  let [some, bytes]: [Copied[], number] = [[], 0]
  for await (const line of lines) {
    const row = parsed(line)
    if (!isRow(row)) throw new BackupFault(`row ${total(seen) + 1} is malformed`)
    seen[row[0]]++
    some.push(row)
    bytes += line.length
    if (some.length < ROWS_AT_ONCE && bytes < MOST_BYTES_AT_ONCE) continue
    yield some
    ;[some, bytes] = [[], 0]
  }
  if (some.length > 0) yield some
  for (const name of COPIED)
    if (seen[name] !== counts[name])
      throw new BackupFault(`it has ${seen[name]} rows of ${name}, and should have ${counts[name]}`)
}

/** The number of all rows. */
export function total(counts: Counts): number {
  return COPIED.reduce((sum, name) => sum + counts[name], 0)
}

function parsed(line: unknown): unknown {
  try {
    return Buffer.isBuffer(line) ? JSON.parse(line.toString('utf8')) : null
  } catch {
    return null
  }
}

function isHead(head: Partial<BackupHead>): head is BackupHead {
  const { id, at, version, schema, counts } = head
  const texts = [id, version].every((text) => typeof text === 'string')
  const numbers = [at, schema, ...COPIED.map((name) => counts?.[name])]
  return texts && numbers.every((number) => Number.isSafeInteger(number) && Number(number) >= 0)
}

const SPECIAL = { change_number: ['bigint'], nonces: ['bigint', 'bytea'] } as const
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

function isRow(row: unknown): row is Copied {
  if (!Array.isArray(row)) return false
  const [name, ...values] = row as unknown[]
  if (!COPIED.some((known) => known === name)) return false
  const table = name as CopiedName
  const types =
    table === 'change_number' || table === 'nonces' ? SPECIAL[table] : TABLES[table].columns.map(([, type]) => type)
  return (
    values.length === types.length &&
    types.every((type, i) => {
      const value = values[i]
      if (type === 'bytea') return typeof value === 'string' && BASE64.test(value)
      return value === null || (type === 'bigint' ? Number.isSafeInteger(value) : typeof value === 'string')
    })
  )
}
