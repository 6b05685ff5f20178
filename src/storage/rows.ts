// Rows from column values, and the statements that a change takes.
import type { Bound } from './statement.ts'
import type { Statements } from './statements.ts'
import { type ChainedEvent, type IndexPart, type Row, type RowChange, Unavailable } from './storage.ts'

export type Columns = Record<string, unknown>

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

/** A guarded statement. */
export interface Step {
  readonly guarded: Bound
  /** Runs before it, or after it touched no row and before it runs again; null for none. */
  readonly opening: Bound | null
  /** The outcome of a call whose statement touched no row. */
  readonly otherwise: 'moved' | 'full'
}

/** The statements of a change, in order. A tally is stepped first, so that a full one costs nothing else. */
export function stepsOf(change: RowChange, statements: Statements): readonly Step[] {
  const { row } = change
  switch (change.change) {
    case 'insert': {
      const insert = moving(statements.insert(row))
      return change.counted ? [counting(row, 1, change.counted.atMost, statements), insert] : [insert]
    }
    case 'update':
      return [moving(statements.update({ ...row, from: change.from }))]
    case 'delete': {
      const remove = moving(statements.delete(row))
      return change.counted ? [remove, counting(row, -1, null, statements)] : [remove]
    }
    case 'expect':
      return [moving(statements.expect(row))]
  }
}

function moving(guarded: Bound): Step {
  return { guarded, opening: null, otherwise: 'moved' }
}

function counting({ kind, account, region }: Row, by: 1 | -1, atMost: number | null, statements: Statements): Step {
  const place = { kind, account, region }
  return {
    guarded: statements.stepTally({ ...place, by, atMost: (atMost ?? Number.MAX_SAFE_INTEGER) - 1 }),
    opening: statements.openTally(place),
    otherwise: 'full',
  }
}

/** Throws Unavailable when a newer program has written the database. */
export function checkVersion(found: number, known: number): void {
  if (found > known)
    throw new Unavailable(
      `the database has version ${found}, and this program knows versions up to ${known}: start a newer strongroom`,
    )
}
