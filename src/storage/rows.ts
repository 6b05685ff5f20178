// Converts column values to rows, and changes to statements.
import { onceFor } from '../runtime/once-for.ts'
import { FILLING, isBeingFilled } from './copying/marks.ts'
import type { Indexing } from './search.ts'
import type { Entry } from './search-statements.ts'
import type { Bound } from './statement.ts'
import type { Statements } from './statements.ts'
import {
  type ChainedEvent,
  type Changes,
  type Commit,
  type FormerRow,
  type IndexPart,
  type Place,
  placeKey,
  type Row,
  type RowChange,
  recordKey,
  UNLOGGED_KINDS,
  Unavailable,
} from './storage.ts'

export type Columns = Record<string, unknown>

export function toRow(columns: Columns): Row {
  return {
    kind: columns['kind'] as string,
    account: columns['account'] as string,
    region: columns['region'] as string,
    id: columns['id'] as string,
    parent: columns['parent'] as string | null,
    createdAt: columns['created_at'] as number,
    dueAt: columns['due'] as number | null,
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
    change: columns['change'] as number | null,
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
  /**
   * Runs before the guarded statement: on PostgreSQL always, on SQLite only before a second attempt, after the first touched no row. null
   * for none.
   */
  readonly opening: Bound | null
  /** Runs after the guarded statement, whatever it touches; null for none. */
  readonly closing: Bound | null
  /** The outcome of a call whose statement touched no row. */
  readonly otherwise: 'moved' | 'full'
}

/** The statements of a change, in order. A tally steps first, so that a full one costs nothing else. */
export function stepsOf(change: RowChange, statements: Statements, indexing: Indexing): readonly Step[] {
  const stored = storedBy(change, statements, indexing)
  if (change.change !== 'insert' || !change.counted) return stored
  return [counting(change.row, 1, change.counted.atMost, statements), ...stored]
}

/**
 * The steps of all tallies of a batch that is stored as a whole, one step for all inserts of a tally. They run before all changes: so a
 * full tally refuses an insert even if the same batch deletes a row.
 */
export function countingInserts(batch: readonly Commit[], statements: Statements): readonly Step[] {
  const tallies = new Map<string, { readonly place: Place; readonly by: number; readonly atMost: number | null }>()
  for (const { changes } of batch)
    for (const change of changes) {
      if (change.change !== 'insert' || !change.counted) continue
      const key = placeKey(change.row)
      const { by, atMost } = tallies.get(key) ?? { by: 0, atMost: null }
      const least = Math.min(atMost ?? FOREVER, change.counted.atMost ?? FOREVER)
      tallies.set(key, { place: change.row, by: by + 1, atMost: least })
    }
  return [...tallies.values()].map(({ place, by, atMost }) => counting(place, by, atMost, statements))
}

/** The statements of a change, without the tally's step for an inserted row. */
export function storedBy(change: RowChange, statements: Statements, indexing: Indexing): readonly Step[] {
  const { row } = change
  const isIndexed = indexing.kinds.has(row.kind)
  switch (change.change) {
    case 'insert':
      return [moving(statements.insert(change.row), isIndexed ? statements.index(entryOf(change.row, indexing)) : null)]
    case 'update':
      return [
        moving(
          statements.update({ ...change.row, ...replacing(change.before) }),
          isIndexed ? statements.index(entryOf(change.row, indexing)) : null,
        ),
      ]
    case 'delete': {
      const remove = moving(statements.delete(row), isIndexed ? statements.unindex(entryKey(row)) : null)
      return change.counted ? [remove, counting(row, -1, null, statements)] : [remove]
    }
    case 'expect':
      return [moving(statements.expect(row))]
  }
}

function replacing({ parent, createdAt, dueAt, revision, body }: FormerRow) {
  return {
    formerParent: parent,
    formerCreatedAt: createdAt,
    formerDueAt: dueAt,
    formerRevision: revision,
    formerBody: body,
  }
}

function moving(guarded: Bound, closing: Bound | null = null): Step {
  return { guarded, opening: null, closing, otherwise: 'moved' }
}

const FOREVER = Number.MAX_SAFE_INTEGER
const utf8 = new TextEncoder()

/** The entry of a row of an indexed kind. */
export function entryOf(row: Row, indexing: Indexing): Entry {
  const { facets, turns, goneAt, labels, text } = indexing.of(row)
  return {
    ...entryKey(row),
    steady_until: Math.min(turns?.at ?? FOREVER, goneAt ?? FOREVER),
    facets,
    later: turns?.facets ?? facets,
    gone_at: goneAt ?? FOREVER,
    words: utf8.encode(text),
    labels: utf8.encode(labels),
    parent: row.parent,
  }
}

function entryKey(row: FormerRow) {
  return { place: placeKey(row), created_at: row.createdAt, id: row.id }
}

function counting({ kind, account, region }: Place, by: number, atMost: number | null, statements: Statements): Step {
  const place = { kind, account, region }
  return {
    guarded: statements.stepTally({ ...place, by, atMost: (atMost ?? FOREVER) - Math.abs(by) }),
    opening: statements.openTally(place),
    closing: null,
    otherwise: 'full',
  }
}

/** The keys that the change log records for a call: those of all rows that it changes, and of their places. */
export const keysChangedBy = onceFor((commit: Commit): readonly string[] => {
  const keys: string[] = []
  for (const { change, row } of commit.changes)
    if (change !== 'expect' && !UNLOGGED_KINDS.has(row.kind))
      keys.push(recordKey(row.kind, row.account, row.region, row.id), placeKey(row))
  return keys
})

/** The same for calls that are stored together, each key once. */
export function changedKeys(batch: readonly Commit[]): readonly string[] {
  const keys = new Set<string>()
  for (const commit of batch) if (commit.changes.length > 0) for (const key of keysChangedBy(commit)) keys.add(key)
  return [...keys]
}

/**
 * The meaning of the rows of `changesSince`. `own` is 1 in a transaction that has moved the change number without logging it yet. When the
 * log has a gap, or a row that is no list of keys, the keys are null. Throws Unavailable.
 */
export function toChanges(rows: readonly Columns[], since: number, own = 0): Changes {
  const number = Number(rows[0]?.['n'] ?? 0) - own
  // Beyond safe integers, different numbers would compare as equal.
  if (!Number.isSafeInteger(number)) throw new Unavailable(`the change number ${number} is too large: restore a backup`)
  if (number === since) return { number, keys: [] }
  const keys = new Set<string>()
  for (const { records } of rows) {
    const list = parsed(records)
    if (!Array.isArray(list)) return { number, keys: null }
    for (const key of list) keys.add(String(key))
  }
  return { number, keys: rows.length === number - since ? [...keys] : null }
}

/**
 * Returns for each call of a batch whether it has read a changed record. If the log does not list all changes, every call that has read
 * any record counts.
 */
export function movedCalls(reads: readonly (readonly string[])[], { keys }: Changes): readonly boolean[] {
  const changed = keys && new Set(keys)
  return reads.map((some) => (changed ? some.some((key) => changed.has(key)) : some.length > 0))
}

function parsed(json: unknown): unknown {
  try {
    return JSON.parse(String(json))
  } catch {
    return null
  }
}

/** Throws Unavailable when a newer program wrote the database, or a copy is filling it. */
export function checkVersion(found: number, known: number): void {
  if (found === FILLING) throw isBeingFilled()
  if (found > known)
    throw new Unavailable(
      `the database has version ${found}, and this program knows versions up to ${known}: start a newer strongroom`,
    )
}
