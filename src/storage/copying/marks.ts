// Marks on a database that no server may open: a copy is filling it, or it was moved. A mark is a version of the tables that no release
// has, so releases that do not know marks refuse the database as well.
import { Unavailable } from '../storage.ts'

/** A restore or a migration into the database has not ended. */
export const FILLING = 1_000_001
/** The database was moved to another place. */
export const MOVED = 1_000_002

/**
 * The table with the mark's facts: the source that fills the database and the number of its rows so far, or the place to which the database
 * was moved.
 */
export const MARK_TABLE = 'strongroom_copy'
export const MAKE_MARK_TABLE = `CREATE TABLE ${MARK_TABLE} (source text NOT NULL, n bigint NOT NULL, moved_to text)`
export const READ_MARK = `SELECT source, n, moved_to FROM ${MARK_TABLE}`
export const DROP_MARK_TABLE = `DROP TABLE ${MARK_TABLE}`

export function isBeingFilled(): Unavailable {
  return new Unavailable(
    'a restore or a migration into this database has not ended: run the same command again, which finishes it, or remove the database',
  )
}

/** The database was moved, and no server may run on this copy. */
export class WasMoved extends Unavailable {
  constructor(to: string) {
    super(`this database was moved to ${to} by \`strongroom migrate\`: serve that one`)
  }
}

/** The database is not empty, so it can't be filled. */
export class NotEmpty extends Unavailable {
  constructor() {
    super('the database is not empty: restore and migrate only into an empty one')
  }
}

export function hasOtherSource(): Unavailable {
  return new Unavailable(
    'another restore or migration into this database has not ended, or its source has changed since: remove the database, and begin again',
  )
}

export function isFilledByOther(): Unavailable {
  return new Unavailable('another process fills this database at the same time: let one of them end')
}
