// Records: typed bodies over the storage's rows, each authenticated by a MAC over all of its fields.
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Counted, Row } from '../storage/storage.ts'

/** A kind of record; `B` is the type of its bodies, which must be plain JSON. */
export interface Kind<B> {
  readonly name: string
  /** Whether the records are counted in each account and region, for lists and quotas. */
  readonly counted: boolean
  /** Never present: carries the body's type. */
  readonly body?: B
}

/** Where a record belongs: one account in one region. Records of an account as a whole have region ''. */
export interface Scope {
  readonly account: string
  readonly region: string
}

/** The scope of what belongs to the installation as a whole, not to an account or a region. */
export const INSTALLATION: Scope = { account: '', region: '' }

/** A record as it was read or decided; it is never changed in place. Times are milliseconds since 1970. */
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

/** The change of one record. `expect` changes nothing, and demands that the record is unchanged. */
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

/** A new record. The call is refused when its scope has `atMost` records of its kind already; the kind must be counted then. */
export function insert<B>(
  kind: Kind<B>,
  fields: Scope & { id: string; parent?: string; createdAt: number; dueAt?: number | null; body: B },
  atMost: number | null = null,
): Change & { readonly after: Recorded<B> } {
  const { account, region, id, parent = null, createdAt, dueAt = null, body } = fields
  const after = { kind: kind.name, account, region, id, parent, createdAt, dueAt, revision: 1, body }
  return { change: 'insert', after, counted: kind.counted ? { atMost } : null }
}

/** The record with another body. `scrub` when the old body held a secret that must leave no trace on disk. */
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

/** Demands that the record is still as it was read. */
export function expectUnmoved<B>(before: Recorded<B>): Change {
  return { change: 'expect', before }
}

/** A row whose MAC is wrong: it was written without any of the root keys. */
export class Forged extends Error {}

/** The authenticated row of a record. */
export function toRow(record: Recorded<unknown>, keys: RootKeys): Row {
  const { body, ...fields } = record
  const text = JSON.stringify(body)
  return { ...fields, body: text, mac: keys.recordMac(canonical({ ...fields, body: text })) }
}

/** The record of a row. Throws Forged when the row was written with none of these root keys, or was altered since. */
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

/** Whether the row is authentic under the current root key, not under an older one. */
export function isCurrent(row: Row, keys: RootKeys): boolean {
  return keys.current.macMatches(canonical(row), row.mac)
}

function canonical(row: Omit<Row, 'mac'>): string {
  const { kind, account, region, id, parent, createdAt, dueAt, revision, body } = row
  return JSON.stringify([kind, account, region, id, parent, createdAt, dueAt, revision, body])
}
