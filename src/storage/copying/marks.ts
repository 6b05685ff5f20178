// Marks on a database that no server may open: it is being filled, or was moved. A mark is a version of its tables that no release has, so releases
// that know nothing of marks refuse it, too.
import { Unavailable } from '../storage.ts'

/** A restore or a migration into the database has not ended. */
export const FILLING = 1_000_001
/** The database was moved elsewhere. */
export const MOVED = 1_000_002

/** The table beside a mark: which source fills the database and how many rows of it are there, or where the database is now. */
export const MARK_TABLE = 'strongroom_copy'
export const MAKE_MARK_TABLE = `CREATE TABLE ${MARK_TABLE} (source text NOT NULL, n bigint NOT NULL, moved_to text)`
export const READ_MARK = `SELECT source, n, moved_to FROM ${MARK_TABLE}`
export const DROP_MARK_TABLE = `DROP TABLE ${MARK_TABLE}`

export function isBeingFilled(): Unavailable {
  return new Unavailable(
    'a restore or a migration into this database has not ended: run the same command again, which finishes it, or remove the database',
  )
}

/** The database is elsewhere now, and no server runs on this one. */
export class WasMoved extends Unavailable {
  constructor(to: string) {
    super(`this database was moved to ${to} by \`strongroom migrate\`: serve that one`)
  }
}

/** The database can't be filled: there is something in it. */
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
