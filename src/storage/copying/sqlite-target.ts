// Fills a SQLite database.
import { entryIfWhole } from '../fill-index.ts'
import { migrations } from '../migrations.ts'
import { toRow } from '../rows.ts'
import type { Indexing } from '../search.ts'
import { guarded, SqliteConnection } from '../sqlite-connection.ts'
import type { Value } from '../statement.ts'
import { statements } from '../statements.ts'
import { type Copied, type CopyTarget, insertStatement, TABLES } from './copied.ts'
import {
  DROP_MARK_TABLE,
  FILLING,
  hasOtherSource,
  isFilledByOther,
  MAKE_MARK_TABLE,
  MARK_TABLE,
  NotEmpty,
  READ_MARK,
} from './marks.ts'

const NOTHING = { text: '', values: [] } as const

class SqliteTarget implements CopyTarget {
  readonly #db: SqliteConnection
  readonly #indexing: Indexing
  readonly #statements = statements('sqlite')
  readonly #inserts = {
    record: insertStatement(TABLES.record, 'record'),
    tally: insertStatement(TABLES.tally, 'tally'),
    event: insertStatement(TABLES.event, 'event'),
    event_index: insertStatement(TABLES.event_index, 'event_index'),
  }
  readonly schema = migrations('sqlite').length
  #written = 0

  constructor(path: string, indexing: Indexing) {
    this.#db = new SqliteConnection(path, () => {}, { filling: true })
    this.#indexing = indexing
    this.#db.control('PRAGMA synchronous = FULL')
  }

  #run(text: string, ...values: Value[]): number {
    return this.#db.run({ ...NOTHING, text, values })
  }

  async begin(source: string): Promise<number> {
    return guarded(() =>
      this.#db.transaction(() => {
        if (this.#db.first({ text: 'PRAGMA user_version', values: [] })?.['user_version'] === FILLING) {
          const mark = this.#db.first({ text: READ_MARK, values: [] })
          if (mark?.['source'] !== source) throw hasOtherSource()
          this.#written = Number(mark['n'])
          return this.#written
        }
        const [record, event] = ['record', 'event'].map((table) =>
          this.#db.first({ text: `SELECT 1 FROM ${table} LIMIT 1`, values: [] }),
        )
        if (record || event) throw new NotEmpty()
        this.#run(MAKE_MARK_TABLE)
        this.#run(`INSERT INTO ${MARK_TABLE} VALUES (?, 0, NULL)`, source)
        this.#db.control(`PRAGMA user_version = ${FILLING}`)
        return 0
      }),
    )
  }

  async write(rows: readonly Copied[]): Promise<void> {
    guarded(() =>
      this.#db.transaction(() => {
        for (const row of rows) this.#put(row)
        const [before, after] = [this.#written, this.#written + rows.length]
        if (this.#run(`UPDATE ${MARK_TABLE} SET n = ? WHERE n = ?`, after, before) !== 1) throw isFilledByOther()
      }),
    )
    this.#written += rows.length
  }

  #put([name, ...values]: Copied): void {
    if (name === 'change_number') return void this.#run('UPDATE change_number SET n = ?', values[0] ?? 0)
    if (name === 'nonces') {
      const [expiresAt, digests] = values as [number, string]
      return void this.#db.run(this.#statements.nonceBatch({ expiresAt, digests: Buffer.from(digests, 'base64') }))
    }
    const columns: Record<string, Value> = {}
    for (const [i, [column, type]] of TABLES[name].columns.entries()) {
      const value = values[i] ?? null
      columns[column] = type === 'bytea' ? Buffer.from(String(value), 'base64') : value
    }
    this.#db.run(this.#inserts[name](columns))
    if (name !== 'record' || !this.#indexing.kinds.has(String(columns['kind']))) return
    for (const entry of entryIfWhole(toRow(columns), this.#indexing, this.#statements)) this.#db.run(entry)
  }

  async finish(): Promise<void> {
    guarded(() => {
      this.#db.transaction(() => {
        this.#run(DROP_MARK_TABLE)
        this.#db.control(`PRAGMA user_version = ${this.schema}`)
      })
      this.#db.emptiesLog()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db.close()
  }
}

/** The database file; creates it if there is none. Throws Unavailable. */
export function openSqliteTarget(path: string, indexing: Indexing): CopyTarget {
  return guarded(() => new SqliteTarget(path, indexing))
}
