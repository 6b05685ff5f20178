// The statements on the change number and its log.
import type { Kysely } from 'kysely'
import { sql } from './kysely.ts'
import { type Statement, statement } from './statement.ts'
import type { Tables } from './tables.ts'

/** How many changes the log keeps. */
const LOGGED = 10_000
/** The most changes that are read: after more of them, whoever reads drops all that it knows. */
const READ_AT_ONCE = 1000

export interface ChangeStatements {
  readonly changeNumber: Statement<Record<never, never>>
  /** Guarded: finds the number if it is this one, and locks nothing. */
  readonly numberIs: Statement<{ number: number }>
  /** Guarded: moves the number if it is this one. */
  readonly moveNumber: Statement<{ number: number }>
  /** Moves the number, whatever it is. */
  readonly moveAnyNumber: Statement<Record<never, never>>
  /** The number, which nobody else moves until the transaction ends. */
  readonly lockNumber: Statement<Record<never, never>>
  /** Logs keys, as a JSON array, under the present number. */
  readonly logChange: Statement<{ keys: string }>
  /** Drops the change that the log keeps no longer, now that the number is what it is. */
  readonly dropLogged: Statement<Record<never, never>>
  /** The number and the changes after `number`, as many as READ_AT_ONCE, each a row; one row with null when there are none. */
  readonly changesSince: Statement<{ number: number }>
}

/** `locks`: whether the database has locks of rows. */
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
        .selectFrom('change_number')
        .leftJoin('change_log', (join) => join.on('change_log.n', '>', given.number))
        .select(['change_number.n', 'change_log.records'])
        .orderBy('change_log.n')
        .limit(sql.lit(READ_AT_ONCE)),
    ),
  }
}
