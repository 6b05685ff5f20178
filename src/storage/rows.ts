// What both adapters share: rows to and from column values, and the statements that a change needs.
import type { Statements } from './queries.ts'
import { type EventRow, type Row, type RowChange, Unavailable } from './storage.ts'

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

export function toEvent(columns: Columns): EventRow & { seq: number } {
  return {
    seq: columns['seq'] as number,
    eventId: columns['event_id'] as string,
    account: columns['account'] as string,
    region: columns['region'] as string,
    at: columns['at'] as number,
    body: columns['body'] as string,
  }
}

/** The statements of a change, in order. Each but `openTally` must return a row, or the change did not happen. */
export function bindings(change: RowChange): readonly { statement: keyof Statements; values: Value[] }[] {
  const { row } = change
  const place = [row.kind, row.account, row.region, row.id]
  const fields = [row.parent, row.createdAt, row.dueAt, row.revision, row.body, row.mac]
  const tally = [row.kind, row.account, row.region]
  switch (change.change) {
    case 'insert':
      return [
        { statement: 'openTally', values: tally },
        { statement: 'stepTally', values: [1, ...tally, (change.atMost ?? Number.MAX_SAFE_INTEGER) - 1] },
        { statement: 'insert', values: [...place, ...fields] },
      ]
    case 'update':
      return [{ statement: 'update', values: [...fields, ...place, change.from] }]
    case 'delete':
      return [
        { statement: 'delete', values: [...place, row.revision] },
        { statement: 'stepTally', values: [-1, ...tally, Number.MAX_SAFE_INTEGER] },
      ]
    case 'expect':
      return [{ statement: 'expect', values: [...place, row.revision] }]
  }
}

/** Throws when the database was written by a newer program than this one. */
export function checkVersion(found: number, known: number): void {
  if (found > known)
    throw new Unavailable(
      `the database has version ${found}, and this program knows versions up to ${known}: start a newer strongroom`,
    )
}
