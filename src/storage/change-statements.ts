// The statements on the change number and its log.
import { type Kysely, sql } from 'kysely'
import { type Statement, statement } from './statement.ts'
import type { Dialect, Tables } from './tables.ts'

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
  /** Moves the number, whatever it is, and returns what it is then as `moved_to`. */
  readonly moveAnyNumber: Statement<Record<never, never>>
  /**
   * Guarded: finds the number if the log says of each change after `number` that it concerned none of `reads`, a JSON array of keys.
   * `own` is 1 when this transaction has moved the number, and has not logged that yet; else 0.
   */
  readonly readsHold: Statement<{ number: number; own: number; reads: string }>
  /** Logs keys, as a JSON array, under the present number. */
  readonly logChange: Statement<{ keys: string }>
  /** Drops the change that the log keeps no longer, now that the number is what it is. */
  readonly dropLogged: Statement<Record<never, never>>
  /** The number and the changes after `number`, as many as READ_AT_ONCE, each a row; one row with null when there are none. */
  readonly changesSince: Statement<{ number: number }>
}

export function changeStatements(db: Kysely<Tables>, dialect: Dialect): ChangeStatements {
  const number = db.selectFrom('change_number').select('n')
  const elements = (json: ReturnType<typeof sql>) =>
    dialect === 'sqlite'
      ? sql`SELECT value FROM json_each(${json})`
      : sql`SELECT value FROM jsonb_array_elements_text(${json}::text::jsonb) AS element (value)`
  return {
    changeNumber: statement(() => number),
    numberIs: statement((given) => number.where('n', '=', given.number)),
    moveNumber: statement((given) =>
      db.updateTable('change_number').set({ n: sql`n + 1` }).where('n', '=', given.number).returning('n'),
    ),
    moveAnyNumber: statement(() => db.updateTable('change_number').set({ n: sql`n + 1` }).returning('n as moved_to')),
    readsHold: statement((given) =>
      number
        .where(
          sql<boolean>`n - ${given.own} - ${given.number} = (SELECT count(*) FROM change_log WHERE n > ${given.number})`,
        )
        .where(
          sql<boolean>`NOT EXISTS (SELECT 1 FROM change_log WHERE n > ${given.number} AND EXISTS (${elements(sql`records`)} WHERE value IN (${elements(sql`${given.reads}`)})))`,
        ),
    ),
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
