// The part of a search's statements that chooses entries of the index of records.
import type { Kysely, QueryCreator, RawBuilder } from 'kysely'
import { sql } from './kysely.ts'
import type { Place, Search } from './storage.ts'
import type { Dialect, Tables } from './tables.ts'

/** A search as its statements have it: with the labels by number, and all that it looks for in UTF-8. */
export type Wanted = Omit<Search, 'labels' | 'text'> & { readonly text: Uint8Array } & Labels
export type Labels = Readonly<Record<`label${number}`, Uint8Array>>

/** The shape of a search; each shape has its own statements. */
export interface Shape {
  readonly labels: number
  readonly hasText: boolean
}

/** The sources of statements: the tables, and `owner`, the ids of the records with a child that contains the text. */
type Sources = Tables & { owner: { id: string | null } }
type Condition = RawBuilder<boolean>
/** What else must hold of an entry, by its creation time and its id. */
type Further = (createdAt: RawBuilder<number>, id: RawBuilder<string>) => Condition

/** So many owners are looked up in less time than each entry is looked for among them. */
const FEW = 200
const OF_ENTRY = ['entry.kind', 'entry.account', 'entry.region', 'entry.created_at', 'entry.id'] as const

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
          .where(isOf('entry', wanted.through, wanted))
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
          .where(isOf('record', wanted.kind, wanted))
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
    const { kind, now, unwanted } = wanted
    // Of nearly all entries, the second line decides.
    const conditions = [
      isOf('entry', kind, wanted),
      sql<boolean>`(
      (steady_until > ${now} AND (facets & ${unwanted}) = 0) OR
      (steady_until <= ${now} AND (gone_at IS NULL OR gone_at > ${now}) AND
        ((CASE WHEN turns_at <= ${now} THEN later ELSE facets END) & ${unwanted}) = 0))`,
    ]
    for (let i = 0; i < labels; i++) conditions.push(this.#hasPart('labels', wanted[`label${i}`] as Uint8Array))
    return sql<boolean>`${sql.join(conditions, sql` AND `)}`
  }

  #hasText({ text }: Wanted): Condition {
    return this.#hasPart('words', text)
  }

  /**
   * Whether a column has the part, at a cost that grows with the column alone: what searches look into and for is chosen by callers, and strpos of
   * PostgreSQL compares some texts from each position to the end. Its search in bytes does not, and in UTF-8 finds the same. That of SQLite takes
   * less time than its search in characters.
   */
  #hasPart(column: 'words' | 'labels', part: Uint8Array): Condition {
    const within = sql.ref(column)
    return this.#dialect === 'sqlite'
      ? sql<boolean>`(instr(CAST(${within} AS BLOB), ${part}) > 0)`
      : sql<boolean>`(position(${part} IN convert_to(${within}, 'UTF8')) > 0)`
  }
}

function isOf(origin: 'entry' | 'record', kind: string, { account, region }: Place): Condition {
  const column = (name: string) => sql.ref(`${origin}.${name}`)
  return sql`${column('kind')} = ${kind} AND ${column('account')} = ${account} AND ${column('region')} = ${region}`
}
