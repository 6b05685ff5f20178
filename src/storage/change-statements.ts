// The statements on the change number and its log.
import type { Kysely } from 'kysely'
import { sql } from './kysely.ts'
import { type Statement, statement } from './statement.ts'
import type { Tables } from './tables.ts'

/** The number of changes that the log keeps. */
const LOGGED = 10_000
/** The most changes read at once. A server that is further behind drops all records from memory. */
const READ_AT_ONCE = 1000

export interface ChangeStatements {
  readonly changeNumber: Statement<Record<never, never>>
  /** Guarded: finds the change number if it equals `number`. Locks nothing. */
  readonly numberIs: Statement<{ number: number }>
  /** Guarded: moves the change number if it equals `number`. */
  readonly moveNumber: Statement<{ number: number }>
  /** Moves the change number, whatever it is. */
  readonly moveAnyNumber: Statement<Record<never, never>>
  /** Reads and locks the change number until the transaction ends. */
  readonly lockNumber: Statement<Record<never, never>>
  /** Logs keys, as a JSON array, under the present change number. */
  readonly logChange: Statement<{ keys: string }>
  /** Drops the change that falls out of the log at the present change number. */
  readonly dropLogged: Statement<Record<never, never>>
  /** The change number with each change after `number`, one row for each, at most READ_AT_ONCE. One row with null without changes. */
  readonly changesSince: Statement<{ number: number }>
}

/** `locks`: whether the database can lock rows. */
export function changeStatements(db: Kysely<Tables>, locks: boolean): ChangeStatements {
  const number = db.selectFrom('change_number').select('n')
  return {
    changeNumber: statement(() => number),
    numberIs: statement((given) => number.where('n', '=', given.number)),
    moveNumber: statement((given) =>
      db.updateTable('change_number').set({ n: sql`n + 1` }).where('n', '=', given.number).returning('n'),
    ),
    moveAnyNumber: statement(() => db.updateTable('change_number').set({ n: sql`n + 1` })),
    lockNumber: statement(() => (locks ? number.forUpdate() : number)),
    logChange: statement(({ keys }) =>
      db
        .insertInto('change_log')
        .columns(['n', 'records'])
        .expression(db.selectFrom('change_number').select(['n', sql<string>`${keys}`.as('records')])),
    ),
    dropLogged: statement(() =>
      db
        .deleteFrom('change_log')
        .where('n', '=', db.selectFrom('change_number').select(sql<number>`n - ${sql.lit(LOGGED)}`.as('n'))),
    ),
    changesSince: statement((given) =>
      db
        // The limit says that there is one row. Before PostgreSQL has statistics, it would assume thousands of rows here, expect a result of
        // millions, and compile the query each time.
        .selectFrom(number.limit(sql.lit(1)).as('present'))
        .leftJoin('change_log', (join) => join.on('change_log.n', '>', given.number))
        .select(['present.n', 'change_log.records'])
        .orderBy('change_log.n')
        .limit(sql.lit(READ_AT_ONCE)),
    ),
  }
}
