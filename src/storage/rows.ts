// What both adapters share: rows to and from column values, and the statements that a change needs.
import type { Statements } from './queries.ts'
import {
  type ChainedEvent,
  type IndexPart,
  type Place,
  type Row,
  type RowChange,
  type RowKey,
  Unavailable,
} from './storage.ts'

type Columns = Record<string, unknown>
export type Value = string | number | null | Uint8Array

export function toRow(columns: Columns): Row {
  return {
    kind: columns['kind'] as string,
    account: columns['account'] as string,
    region: columns['region'] as string,
    id: columns['id'] as string,
    parent: columns['parent'] as string | null,
    createdAt: columns['created_at'] as number,
    dueAt: columns['due_at'] as number | null,
    revision: columns['revision'] as number,
    body: columns['body'] as string,
    mac: columns['mac'] as Uint8Array,
  }
}

export function toEvent(columns: Columns): ChainedEvent {
  return {
    seq: columns['seq'] as number,
    eventId: columns['event_id'] as string,
    account: columns['account'] as string,
    region: columns['region'] as string,
    at: columns['at'] as number,
    body: columns['body'] as string,
    hash: columns['hash'] as string,
  }
}

export function toPart(columns: Columns): IndexPart {
  return {
    firstSeq: columns['first_seq'] as number,
    lastSeq: columns['last_seq'] as number,
    fromAt: columns['from_at'] as number,
    toAt: columns['to_at'] as number,
    lastHash: columns['last_hash'] as string,
    termsHash: columns['terms_hash'] as string,
    postingsHash: columns['postings_hash'] as string,
    mac: columns['mac'] as Uint8Array,
  }
}

/** The values of a part, in the order of the statement that adds it. */
export function partValues(part: IndexPart, terms: Uint8Array, postings: Uint8Array): Value[] {
  const { firstSeq, lastSeq, fromAt, toAt, lastHash, termsHash, postingsHash, mac } = part
  return [firstSeq, lastSeq, fromAt, toAt, lastHash, termsHash, postingsHash, mac, terms, postings]
}

/** The values of a page that goes on. No record was made before 1970. */
export function pageAfterValues(
  { kind, account, region }: Place,
  after: Pick<Row, 'createdAt' | 'id'> | null,
  limit: number,
): (string | number)[] {
  const { createdAt, id } = after ?? { createdAt: -1, id: '' }
  return [kind, account, region, createdAt, id, limit]
}

/** The values of a scan. No kind is named '', so that nothing stands before the beginning. */
export function scanValues(after: RowKey | null, limit: number): (string | number)[] {
  const { kind, account, region, id } = after ?? { kind: '', account: '', region: '', id: '' }
  return [kind, account, region, id, limit]
}

/** A statement with its values, and what it means when it touches no row. */
export interface Step {
  readonly statement: keyof Statements
  readonly values: Value[]
  readonly otherwise: 'moved' | 'full'
}

/** The statements of a change, in order. A tally is stepped first, so that a full one costs nothing else. */
export function stepsOf(change: RowChange): readonly Step[] {
  const { row } = change
  const place = [row.kind, row.account, row.region, row.id]
  const fields = [row.parent, row.createdAt, row.dueAt, row.revision, row.body, row.mac]
  const step = (by: 1 | -1, atMost: number | null): Step => ({
    statement: 'stepTally',
    values: [by, row.kind, row.account, row.region, (atMost ?? Number.MAX_SAFE_INTEGER) - 1],
    otherwise: 'full',
  })
  switch (change.change) {
    case 'insert': {
      const insert: Step = { statement: 'insert', values: [...place, ...fields], otherwise: 'moved' }
      return change.counted ? [step(1, change.counted.atMost), insert] : [insert]
    }
    case 'update':
      return [{ statement: 'update', values: [...fields, ...place, change.from], otherwise: 'moved' }]
    case 'delete': {
      const remove: Step = { statement: 'delete', values: [...place, row.revision], otherwise: 'moved' }
      return change.counted ? [remove, step(-1, null)] : [remove]
    }
    case 'expect':
      return [{ statement: 'expect', values: [...place, row.revision], otherwise: 'moved' }]
  }
}

/** Throws when the database was written by a newer program than this one. */
export function checkVersion(found: number, known: number): void {
  if (found > known)
    throw new Unavailable(
      `the database has version ${found}, and this program knows versions up to ${known}: start a newer strongroom`,
    )
}
