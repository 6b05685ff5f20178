// The part of a search's statements that chooses entries of the index of records.
import type { Kysely, QueryCreator, RawBuilder } from 'kysely'
import { sql } from './kysely.ts'
import type { Search } from './storage.ts'
import type { Dialect, Tables } from './tables.ts'

/** A search as its statements have it: with the labels by number, all that it looks for in UTF-8, and the places of both kinds. */
export type Wanted = Omit<Search, 'labels' | 'text'> & {
  readonly text: Uint8Array
  readonly place: string
  readonly throughPlace: string
} & Labels
export type Labels = Readonly<Record<`label${number}`, Uint8Array>>

/** The shape of a search; each shape has its own statements. */
export interface Shape {
  readonly labels: number
  readonly hasText: boolean
}

/** The sources of statements: the tables, and `owner`, the ids of the records with a child that contains the text. */
type Sources = Tables & { owner: { id: string | null } }
type Condition = RawBuilder<boolean>
/** A further condition on entries, by their creation time and their id. */
export type Further = (createdAt: RawBuilder<number>, id: RawBuilder<string>) => Condition

/** SQLite looks up so many owners in less time than it looks for each entry among them. */
const FEW = 200
const OF_ENTRY = ['entry.created_at', 'entry.id'] as const

export class ChosenEntries {
  readonly #db: Kysely<Tables>
  readonly #dialect: Dialect

  constructor(db: Kysely<Tables>, dialect: Dialect) {
    this.#db = db
    this.#dialect = dialect
  }

  /** The beginning of a statement that contains `chosen`. */
  sources(wanted: Wanted, { hasText }: Shape): QueryCreator<Sources> {
    if (!hasText) return this.#db.withTables<Pick<Sources, 'owner'>>()
    return this.#db.with(
      (cte) => cte('owner').materialized(),
      (query) =>
        query
          .selectFrom('record_index as entry')
          .where('entry.place', '=', wanted.throughPlace)
          .where('parent', 'is not', null)
          .where(this.#hasText(wanted))
          .select('parent as id'),
    )
  }

  /** The entries that fit the search, and `further`. A text fits when the entry, or a child of its record, contains it. */
  chosen(wanted: Wanted, shape: Shape, further: Further = () => sql`TRUE`) {
    const query = this.#db.withTables<Pick<Sources, 'owner'>>()
    const isWanted = this.#isWanted(wanted, shape)
    const entries = query
      .selectFrom('record_index as entry')
      .where(isWanted)
      .where(further(sql.ref('entry.created_at'), sql.ref('entry.id')))
      .select(OF_ENTRY)
    if (!shape.hasText) return entries
    const hasText = this.#hasText(wanted)
    const owners = query.selectFrom('owner').select('id')
    if (this.#dialect === 'postgresql')
      return entries.where(({ or, eb }) => or([hasText, eb('entry.id', 'in', owners)]))
    // Looking for each entry's id among the owners takes SQLite a quarter of a search's time. So it looks up the owners instead when they
    // are few.
    const areFew = sql<boolean>`(SELECT count(*) FROM (SELECT 1 FROM owner LIMIT ${sql.lit(FEW + 1)})) <= ${sql.lit(FEW)}`
    return entries
      .where(({ or, and, not, eb }) => or([hasText, and([not(areFew), eb('entry.id', 'in', owners)])]))
      .unionAll(
        query
          .selectFrom(owners.distinct().limit(sql.lit(FEW)).as('few'))
          // SQLite begins with the few owners in this order.
          .crossJoin('record')
          .crossJoin('record_index as entry')
          .where(areFew)
          .where('record.kind', '=', wanted.kind)
          .where('record.account', '=', wanted.account)
          .where('record.region', '=', wanted.region)
          .whereRef('record.id', '=', 'few.id')
          // With the sign, SQLite goes by the id.
          .where(further(sql`+record.created_at`, sql.ref('record.id')))
          .whereRef('entry.created_at', '=', 'record.created_at')
          .whereRef('entry.id', '=', 'record.id')
          .where(isWanted)
          .where(({ not }) => not(hasText))
          .select(OF_ENTRY),
      )
  }

  #isWanted(wanted: Wanted, { labels }: Shape): Condition {
    const { place, now, unwanted } = wanted
    // Few entries change with time: of the others, `steady_until > now` and the facets decide.
    const conditions = [
      sql<boolean>`entry.place = ${place}`,
      sql<boolean>`((steady_until > ${now} AND (facets & ${unwanted}) = 0) OR
      (steady_until <= ${now} AND gone_at > ${now} AND (later & ${unwanted}) = 0))`,
    ]
    for (let i = 0; i < labels; i++) conditions.push(this.#hasPart('labels', wanted[`label${i}`] as Uint8Array))
    return sql<boolean>`${sql.join(conditions, sql` AND `)}`
  }

  #hasText({ text }: Wanted): Condition {
    return this.#hasPart('words', text)
  }

  /**
   * Whether a column has the part. Both are in UTF-8, so a search in bytes finds what a search in characters would. Callers choose what searches
   * look into and for: with the worst texts, PostgreSQL's search in bytes took 6 µs an entry, `strpos` on text 71 µs.
   */
  #hasPart(column: 'words' | 'labels', part: Uint8Array): Condition {
    const within = sql.ref(column)
    return this.#dialect === 'sqlite'
      ? sql<boolean>`(instr(${within}, ${part}) > 0)`
      : sql<boolean>`(position(${part} IN ${within}) > 0)`
  }
}
