// Fills the index of records when a database of an earlier release is migrated, in the migration's transaction.
import type { Sql } from './postgresql-connections.ts'
import { type Columns, entryOf, toRow } from './rows.ts'
import type { Indexing, Opening } from './search.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import type { Bound } from './statement.ts'
import { type Statements, statements } from './statements.ts'
import type { Row } from './storage.ts'

const AT_ONCE = 1000
/** After this many records, the filling counts as long, and reports its progress. */
const LONG = 50_000

/** Yields statements to run together, and gets the rows of the first of them. */
type Filling = Generator<readonly Bound[], void, readonly Columns[]>

export function fillSqlite(connection: SqliteConnection, statements: Statements, opening: Opening): void {
  const filling = entries(statements, opening)
  for (let step = filling.next(); !step.done; ) {
    const [rows = []] = step.value.map((bound) => connection.all(bound))
    step = filling.next(rows)
  }
}

export async function fillPostgresql(sql: Pick<Sql, 'unsafe'>, opening: Opening): Promise<void> {
  const filling = entries(statements('postgresql'), opening)
  for (let step = filling.next(); !step.done; ) {
    const [rows = []] = await Promise.all(
      step.value.map(({ text, values }) => sql.unsafe(text, values, { prepare: true })),
    )
    step = filling.next(rows)
  }
}

function* entries(statements: Statements, { indexing, notice }: Opening): Filling {
  let done = 0
  for (const kind of indexing.kinds)
    for (let after = { kind, account: '', region: '', id: '' }; ; ) {
      const rows = (yield [statements.scan({ ...after, limit: AT_ONCE })]).map(toRow)
      const some = rows.filter((row) => row.kind === kind)
      yield some.flatMap((row) => entryIfWhole(row, indexing, statements))
      done += some.length
      if (done % LONG < some.length && done >= LONG)
        notice(`the index of records is being made: ${done} records are in it`)
      const last = some.at(-1)
      if (!last || some.length < AT_ONCE) break
      after = last
    }
}

/**
 * The statement that writes a row's entry. A row that this program did not write has no entry: every reader refuses it as not authentic.
 */
export function entryIfWhole(row: Row, indexing: Indexing, statements: Statements): readonly Bound[] {
  try {
    return [statements.index(entryOf(row, indexing))]
  } catch {
    return []
  }
}
