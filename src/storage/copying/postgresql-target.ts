// Fills a PostgreSQL database.
import { entryIfWhole } from '../fill-index.ts'
import { within } from '../lost-connection.ts'
import { migrations } from '../migrations.ts'
import { type Connection, connect, type Pool, reaching, reserve } from '../postgresql-connections.ts'
import { migratePostgresql } from '../postgresql-migration.ts'
import { type Columns, toRow } from '../rows.ts'
import { type Indexing, UNINDEXED } from '../search.ts'
import type { Bound } from '../statement.ts'
import { statements } from '../statements.ts'
import { NONCE_DIGEST_BYTES } from '../storage.ts'
import { type Copied, type CopyTarget, insertAllStatement, TABLES } from './copied.ts'
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

const CONNECTION_PATIENCE_MS = 10_000
const BATCH_PATIENCE_MS = 120_000

const INSERTS = {
  record: insertAllStatement(TABLES.record, 'record'),
  tally: insertAllStatement(TABLES.tally, 'tally'),
  event: insertAllStatement(TABLES.event, 'event'),
  event_index: insertAllStatement(TABLES.event_index, 'event_index'),
  nonces: insertAllStatement(
    {
      columns: [
        ['digest', 'bytea'],
        ['expires_at', 'bigint'],
      ],
    },
    'nonce',
  ),
}
type Inserted = keyof typeof INSERTS

class PostgresqlTarget implements CopyTarget {
  readonly #pool: Pool
  readonly #connection: Connection
  readonly #indexing: Indexing
  readonly #statements = statements('postgresql')
  readonly schema = migrations('postgresql').length
  #written = 0

  constructor(pool: Pool, connection: Connection, indexing: Indexing) {
    this.#pool = pool
    this.#connection = connection
    this.#indexing = indexing
  }

  /** Does the work in a transaction. An exception rolls it back. */
  async #transaction<T>(work: () => Promise<T>): Promise<T> {
    return reaching(async () => {
      await this.#all({ text: 'BEGIN', values: [] })
      try {
        const done = await work()
        await this.#all({ text: 'COMMIT', values: [] })
        return done
      } catch (error) {
        await this.#all({ text: 'ROLLBACK', values: [] }).catch(() => {})
        throw error
      }
    })
  }

  #all(...bounds: readonly Bound[]): Promise<readonly Columns[]> {
    const queries = bounds.map(({ text, values }) =>
      this.#connection.unsafe(text, values, { prepare: values.length > 0 }),
    )
    return within(
      BATCH_PATIENCE_MS,
      Promise.all(queries).then((answers) => answers.at(-1) ?? []),
      this.#pool.underWay,
    )
  }

  begin(source: string): Promise<number> {
    return this.#transaction(async () => {
      await this.#all({ text: 'LOCK TABLE strongroom_version IN EXCLUSIVE MODE', values: [] })
      const [version] = await this.#all({ text: 'SELECT max(version) AS n FROM strongroom_version', values: [] })
      if (Number(version?.['n']) === FILLING) {
        const [mark] = await this.#all({ text: READ_MARK, values: [] })
        if (mark?.['source'] !== source) throw hasOtherSource()
        this.#written = Number(mark['n'])
        return this.#written
      }
      const rows = 'SELECT 1 FROM record UNION ALL SELECT 1 FROM event LIMIT 1'
      if ((await this.#all({ text: rows, values: [] })).length > 0) throw new NotEmpty()
      await this.#all({ text: MAKE_MARK_TABLE, values: [] })
      await this.#all({ text: `INSERT INTO ${MARK_TABLE} VALUES ($1, 0, NULL)`, values: [source] })
      await this.#all({ text: 'INSERT INTO strongroom_version VALUES ($1)', values: [FILLING] })
      return 0
    })
  }

  async write(rows: readonly Copied[]): Promise<void> {
    const after = this.#written + rows.length
    await this.#transaction(async () => {
      await this.#all(...this.#puts(rows))
      const text = `UPDATE ${MARK_TABLE} SET n = $1 WHERE n = $2 RETURNING n`
      if ((await this.#all({ text, values: [after, this.#written] })).length !== 1) throw isFilledByOther()
    })
    this.#written = after
  }

  #puts(rows: readonly Copied[]): readonly Bound[] {
    const objects = new Map<Inserted, Columns[]>()
    const add = (name: Inserted, columns: Columns) => {
      const list = objects.get(name)
      if (list) list.push(columns)
      else objects.set(name, [columns])
    }
    const others: Bound[] = []
    for (const [name, ...values] of rows)
      if (name === 'change_number') others.push({ text: 'UPDATE change_number SET n = $1', values: [values[0] ?? 0] })
      else if (name === 'nonces') {
        const digests = Buffer.from(String(values[1]), 'base64')
        for (let at = 0; at < digests.length; at += NONCE_DIGEST_BYTES) {
          const digest = digests.toString('base64', at, at + NONCE_DIGEST_BYTES)
          add(name, { digest, expires_at: values[0] })
        }
      } else {
        const columns = Object.fromEntries(TABLES[name].columns.map(([column], i) => [column, values[i] ?? null]))
        add(name, columns)
        if (name === 'record' && this.#indexing.kinds.has(String(columns['kind'])))
          others.push(...entryIfWhole(toRow(columns), this.#indexing, this.#statements))
      }
    return [...[...objects].map(([name, list]) => INSERTS[name]({ rows: JSON.stringify(list) })), ...others]
  }

  finish(): Promise<void> {
    return this.#transaction(async () => {
      await this.#all({ text: DROP_MARK_TABLE, values: [] })
      await this.#all({ text: 'DELETE FROM strongroom_version WHERE version = $1', values: [FILLING] })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end(0)
  }
}

/** The database; creates its tables if there are none. Throws Unavailable. */
export async function openPostgresqlTarget(url: string, indexing: Indexing): Promise<CopyTarget> {
  const pool = connect(url)
  try {
    await reaching(() => migratePostgresql(pool.sql, { ...UNINDEXED, filling: true }))
    return new PostgresqlTarget(pool, await reaching(() => reserve(pool, CONNECTION_PATIENCE_MS)), indexing)
  } catch (error) {
    await pool.end(0)
    throw error
  }
}
