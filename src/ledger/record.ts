// Records: typed bodies over the storage's rows, each authenticated by a MAC over all of its fields.
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Counted, FormerRow, Row } from '../storage/storage.ts'

/** A kind of record; `B` is the type of its bodies, which must be plain JSON. */
export interface Kind<B> {
  readonly name: string
  /** Whether the records are counted in each account and region, for lists and quotas. */
  readonly counted: boolean
  /** Never present: carries the body's type. */
  readonly body?: B
}

/** The account and the region of a record. Records that belong to a whole account have the region ''. */
export interface Scope {
  readonly account: string
  readonly region: string
}

/** The scope of records of the whole installation. */
export const INSTALLATION: Scope = { account: '', region: '' }

/** A record as it was read or decided. It is immutable. Times are milliseconds since 1970. */
export interface Recorded<B> extends Scope {
  readonly kind: string
  readonly id: string
  readonly parent: string | null
  readonly createdAt: number
  readonly dueAt: number | null
  /** 1 when inserted, one more with each update. */
  readonly revision: number
  readonly body: B
}

/** The change of one record. `expect` changes nothing, and demands that the record is unchanged: see RowChange. */
export type Change =
  | { readonly change: 'insert'; readonly after: Recorded<unknown>; readonly counted: Counted | null }
  | {
      readonly change: 'update'
      readonly before: Recorded<unknown>
      readonly after: Recorded<unknown>
      readonly scrub: boolean
    }
  | {
      readonly change: 'delete'
      readonly before: Recorded<unknown>
      readonly counted: boolean
      readonly scrub: boolean
    }
  | { readonly change: 'expect'; readonly before: Recorded<unknown> }

/**
 * Inserts a record. With `atMost`, the call is refused as `full` when the scope has this many records of the kind; the kind must then be
 * counted.
 */
export function insert<B>(
  kind: Kind<B>,
  fields: Scope & { id: string; parent?: string; createdAt: number; dueAt?: number | null; body: B },
  atMost: number | null = null,
): Change & { readonly after: Recorded<B> } {
  const { account, region, id, parent = null, createdAt, dueAt = null, body } = fields
  const after = { kind: kind.name, account, region, id, parent, createdAt, dueAt, revision: 1, body }
  return { change: 'insert', after, counted: kind.counted ? { atMost } : null }
}

/** Replaces the body of a record. `scrub` says that the old body contained a secret, which must leave no trace on disk. */
export function update<B>(
  before: Recorded<B>,
  after: { body: B; dueAt?: number | null; parent?: string | null },
  scrub = false,
): Change & { readonly after: Recorded<B> } {
  return { change: 'update', before, after: { ...before, ...after, revision: before.revision + 1 }, scrub }
}

/** Removes the record. */
export function remove<B>(kind: Kind<B>, before: Recorded<B>, scrub = false): Change {
  return { change: 'delete', before, counted: kind.counted, scrub }
}

/** Demands that the record has not changed since it was read. */
export function expectUnmoved<B>(before: Recorded<B>): Change {
  return { change: 'expect', before }
}

/** A row with a wrong MAC: its writer had none of the root keys. */
export class Forged extends Error {}

/** The authenticated row of a record. */
export function toRow(record: Recorded<unknown>, keys: RootKeys): Row {
  const row = formerRow(record)
  return { ...row, mac: keys.recordMac(canonical(row)) }
}

/**
 * The row of a record but its MAC. INVARIANT: a record that was read has the row that was read: every stored body was written by JSON.stringify,
 * which writes a body that it wrote, once parsed, as the same text.
 */
export function formerRow(record: Recorded<unknown>): FormerRow {
  return { ...record, body: JSON.stringify(record.body) }
}

/** The record of a row. Throws Forged when the row's MAC is under none of these root keys. */
export function fromRow<B>(row: Row, keys: RootKeys): Recorded<B> {
  if (!keys.recordMacMatches(canonical(row), row.mac))
    throw new Forged(`record ${row.kind}/${row.account}/${row.region}/${row.id} is not authentic`)
  const { mac: _, body, ...fields } = row
  return { ...fields, body: JSON.parse(body) as B }
}

/** The record of a row, or null when it is not authentic. */
export function authentic(row: Row, keys: RootKeys): Recorded<unknown> | null {
  try {
    return fromRow(row, keys)
  } catch (error) {
    if (error instanceof Forged) return null
    throw error
  }
}

/** Whether the row's MAC is under the current root key, not under an older one. */
export function isCurrent(row: Row, keys: RootKeys): boolean {
  return keys.current.macMatches(canonical(row), row.mac)
}

/** Whether the row equals the record in every field. */
export function isOfRow(record: Recorded<unknown>, row: Row): boolean {
  return canonical(formerRow(record)) === canonical(row)
}

function canonical(row: FormerRow): string {
  const { kind, account, region, id, parent, createdAt, dueAt, revision, body } = row
  return JSON.stringify([kind, account, region, id, parent, createdAt, dueAt, revision, body])
}
