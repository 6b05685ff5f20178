// The statements on the index of records.
import type { Compilable, Kysely, Selectable } from 'kysely'
import { ChosenEntries, type Further, type Labels, type Shape, type Wanted } from './chosen-entries.ts'
import { sql } from './kysely.ts'
import { type Bound, grouped, type Statement, statement } from './statement.ts'
import { MAX_LABELS, placeKey, type Row, type Search } from './storage.ts'
import type { Dialect, Tables } from './tables.ts'

/** A row of the index. */
export type Entry = Selectable<Tables['record_index']>
type EntryKey = Pick<Entry, 'place' | 'created_at' | 'id'>

export interface SearchStatements {
  /** Writes a record's entry, or replaces it. */
  readonly index: Statement<Entry>
  /** The statement of a group of entries (GROUPS), of different rows. */
  readonly indexGroup: (entries: readonly Entry[]) => Bound
  readonly unindex: Statement<EntryKey>
  /**
   * Entries by creation time, then id, each with its record: its columns are null where there is none. After them, where the search names a
   * text, come the records of the kind `through` whose parents they are, with `owned` 1.
   */
  readonly found: (search: Search, page: { offset: number; limit: number }) => Bound
  /** How many entries there are. */
  readonly foundAll: (search: Search) => Bound
  /** How many entries come after one, in the order of `found`. */
  readonly foundAfter: (search: Search, after: Pick<Row, 'createdAt' | 'id'>) => Bound
  /** Entries with ids after `after`, by id, in the form of `found`. */
  readonly foundById: (search: Search, page: { after: string; limit: number }) => Bound
}

/** The place to read from; each statement uses the members that it needs. */
interface Stretch {
  readonly offset: number
  readonly limit: number
  readonly createdAt: number
  readonly after: string
}

const NOTHING: Stretch = { offset: 0, limit: 0, createdAt: 0, after: '' }
const OF_RECORD = ['kind', 'account', 'region', 'parent', 'due', 'revision', 'body', 'mac'] as const

export function searchStatements(db: Kysely<Tables>, dialect: Dialect): SearchStatements {
  const entries = new ChosenEntries(db, dialect)
  const found = byShape((given, shape) => {
    const { offset, limit } = given
    const page = entries.chosen(given, shape).orderBy('created_at').orderBy('id').limit(limit).offset(offset)
    return withRecords(entries.sources(given, shape), page, ['created_at', 'id'], given, shape)
  })
  const count = (given: Wanted, shape: Shape, further?: Further) => {
    const chosen = entries.chosen(given, shape, further)
    return entries.sources(given, shape).selectFrom(chosen.as('chosen')).select(sql<number>`count(*)`.as('n'))
  }
  const foundAll = byShape(count)
  const foundAfter = byShape((given, shape) => {
    const { createdAt, after } = given
    return count(given, shape, (time, id) => sql`(${time}, ${id}) > (${createdAt}, ${after})`)
  })
  const foundById = byShape((given, shape) => {
    const page = entries
      .chosen(given, shape, (_, id) => sql`${id} > ${given.after}`)
      .orderBy('id')
      .limit(given.limit)
    return withRecords(entries.sources(given, shape), page, ['id'], given, shape)
  })
  const indexing = (entries: readonly Entry[]) =>
    db
      .insertInto('record_index')
      .values(entries.map(valuesOf))
      .onConflict((conflict) =>
        conflict.columns(['place', 'created_at', 'id']).doUpdateSet(({ ref }) => ({
          steady_until: ref('excluded.steady_until'),
          facets: ref('excluded.facets'),
          later: ref('excluded.later'),
          gone_at: ref('excluded.gone_at'),
          words: ref('excluded.words'),
          labels: ref('excluded.labels'),
          parent: ref('excluded.parent'),
        })),
      )
  const index = statement<Entry>((entry) => indexing([entry]))
  return {
    index,
    indexGroup: grouped(index, indexing),
    unindex: statement(({ place, created_at, id }) =>
      db.deleteFrom('record_index').where((columns) => columns.and({ place, created_at, id })),
    ),
    found,
    foundAll: (search) => foundAll(search, NOTHING),
    foundAfter: (search, { createdAt, id }) => foundAfter(search, { createdAt, after: id }),
    foundById,
  }
}

/** Each column by name: parameters of a statement can't be spread. */
function valuesOf(entry: Entry): Entry {
  const { created_at, steady_until, facets, later, gone_at, place, id, words, labels, parent } = entry
  return { created_at, steady_until, facets, later, gone_at, place, id, words, labels, parent }
}

/** The page with its records, and with the children of these. */
function withRecords(
  sources: ReturnType<ChosenEntries['sources']>,
  page: ReturnType<ChosenEntries['chosen']>,
  order: readonly ('created_at' | 'id')[],
  { kind, account, region, through }: Wanted,
  { hasText }: Shape,
) {
  const found = sources.with(
    (cte) => cte('entry').materialized(),
    () => page,
  )
  const columns = OF_RECORD.map((column) => `record.${column}` as const)
  let rows = found
    .selectFrom('entry')
    .leftJoin('record', (join) =>
      join
        .on('record.kind', '=', kind)
        .on('record.account', '=', account)
        .on('record.region', '=', region)
        .onRef('record.id', '=', 'entry.id')
        .onRef('record.created_at', '=', 'entry.created_at'),
    )
    .select([sql<number>`0`.as('owned'), 'entry.created_at', 'entry.id', ...columns])
  // In the same statement, so that nothing can change in between.
  if (hasText)
    rows = rows.unionAll((query) =>
      query
        .selectFrom('entry')
        // SQLite begins with the few entries in this order.
        .crossJoin('record')
        .where('record.kind', '=', through)
        .where('record.account', '=', account)
        .where('record.region', '=', region)
        .whereRef('record.parent', '=', 'entry.id')
        .select([
          sql<number>`1`.as('owned'),
          sql<number>`record.created_at`.as('created_at'),
          sql<string>`record.id`.as('id'),
          ...columns,
        ]),
    )
  // By number, because names would mean different columns with and without a union.
  rows = rows.orderBy(sql`1`)
  for (const column of order) rows = rows.orderBy(column === 'id' ? sql`3` : sql`2`)
  return rows
}

const utf8 = new TextEncoder()

/** Binds a search to the statement of its shape, which is compiled at its first use. */
function byShape(
  build: (given: Wanted & Stretch, shape: Shape) => Compilable,
): (search: Search, stretch: Partial<Stretch>) => Bound {
  const built = new Map<number, Statement<Wanted & Stretch>>()
  return ({ labels, text, ...search }, stretch) => {
    if (labels.length > MAX_LABELS) throw new Error(`a search names ${labels.length} labels`)
    const shape = { labels: labels.length, hasText: text !== '' }
    const number = 2 * shape.labels + Number(shape.hasText)
    const own = built.get(number) ?? statement<Wanted & Stretch>((given) => build(given, shape))
    built.set(number, own)
    const named: Labels = Object.fromEntries(labels.map((label, i) => [`label${i}`, utf8.encode(label)]))
    const places = { place: placeKey(search), throughPlace: placeKey({ ...search, kind: search.through }) }
    return own({ ...NOTHING, ...stretch, ...search, ...places, text: utf8.encode(text), ...named })
  }
}
