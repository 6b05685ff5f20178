// A connection to a SQLite database: opens and migrates it, and runs its statements.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { FILLING, MOVED, READ_MARK, WasMoved } from './copying/marks.ts'
import { DROP_INDEX, HAS_UNRELEASED_INDEX, INDEXED_SINCE, migrations } from './migrations.ts'
import { type Columns, checkVersion } from './rows.ts'
import type { Opening } from './search.ts'
import type { Bound } from './statement.ts'
import { NotSetUp, Unavailable } from './storage.ts'

/** The inner pages that lead to the records of a million keys take 6 MiB. More would fill with pages of events, which are hardly ever read. */
const CACHE_KIB = 16 * 1024
/** How long a statement waits for another process's lock on the database, in milliseconds. */
const BUSY_MS = 5000

interface Prepared {
  readonly statement: StatementSync
  /** Whether it returns rows. */
  readonly isQuery: boolean
}

type How = Pick<Opening, 'filling' | 'existing'>

export class SqliteConnection {
  readonly #db: DatabaseSync
  /** Prepared statements by text. */
  readonly #prepared = new Map<string, Prepared>()
  /** Whether commits go to a write-ahead log, which WalSync makes durable; false for a database in memory. */
  readonly hasLog: boolean

  /**
   * Opens and migrates the database file, or `:memory:`. `fill` fills the index of records where the migration created it. With `filling`,
   * also opens a database that a copy is filling. Throws NotSetUp, and what SQLite throws.
   */
  constructor(path: string, fill: (connection: SqliteConnection) => void, how: How = {}) {
    this.#db = new DatabaseSync(path)
    try {
      this.hasLog = this.#begin(fill, how)
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /** Sets the connection up, and migrates the database; returns whether commits go to a write-ahead log. */
  #begin(fill: (connection: SqliteConnection) => void, { filling = false, existing = false }: How): boolean {
    if (existing && this.#version() === 0) throw new NotSetUp()
    for (const pragma of [
      'journal_mode = WAL',
      // The less often the log is copied back, the more calls share the copy of a page. The log stays below 32 MiB.
      'wal_autocheckpoint = 8000',
      // A commit only writes the log. WalSync makes the log durable before any call resolves.
      'synchronous = NORMAL',
      'secure_delete = ON',
      `cache_size = -${CACHE_KIB}`,
      `busy_timeout = ${BUSY_MS}`,
      'temp_store = MEMORY',
    ])
      this.#db.exec(`PRAGMA ${pragma}`)
    const hasLog = this.#db.prepare('PRAGMA journal_mode').get()?.['journal_mode'] === 'wal'
    if (!hasLog) this.#db.exec('PRAGMA synchronous = FULL')
    this.#migrate(fill, filling)
    return hasLog
  }

  #version(): number {
    return Number(this.#db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
  }

  #migrate(fill: (connection: SqliteConnection) => void, filling: boolean): void {
    const steps = migrations('sqlite')
    const version = () => this.#version()
    if (filling && version() === FILLING) return
    if (version() === MOVED) throw new WasMoved(String(this.#db.prepare(READ_MARK).get()?.['moved_to']))
    checkVersion(version(), steps.length)
    const hasUnreleasedIndex = () => this.#db.prepare(HAS_UNRELEASED_INDEX.sqlite).get() !== undefined
    if (version() === steps.length && !hasUnreleasedIndex()) return
    this.transaction(() => {
      // Another process may have migrated the database meanwhile.
      let from = version()
      checkVersion(from, steps.length)
      if (hasUnreleasedIndex()) {
        this.#db.exec(DROP_INDEX)
        from = INDEXED_SINCE - 1
      }
      for (const statement of steps.slice(from).flat()) this.#db.exec(statement)
      if (from < INDEXED_SINCE) fill(this)
      this.#db.exec(`PRAGMA user_version = ${steps.length}`)
    })
  }

  /** The prepared statement for this text. */
  #prepare(text: string): Prepared {
    let prepared = this.#prepared.get(text)
    if (!prepared) {
      const statement = this.#db.prepare(text)
      prepared = { statement, isQuery: statement.columns().length > 0 }
      this.#prepared.set(text, prepared)
    }
    return prepared
  }

  /** Runs a statement that returns no rows; returns how many it touched. */
  run({ text, values }: Bound): number {
    return Number(this.#prepare(text).statement.run(...values).changes)
  }

  /** Whether a guarded statement touched a row; for a query, whether it found one. */
  touches({ text, values }: Bound): boolean {
    const { statement, isQuery } = this.#prepare(text)
    return isQuery ? statement.get(...values) !== undefined : statement.run(...values).changes !== 0
  }

  /** The first row of a statement. */
  first({ text, values }: Bound): Columns | undefined {
    return this.#prepare(text).statement.get(...values)
  }

  /** The rows of a statement as arrays. */
  arrays({ text, values }: Bound): readonly unknown[] {
    const { statement } = this.#prepare(text)
    statement.setReturnArrays(true)
    return statement.all(...values)
  }

  /** The rows of a statement. */
  all({ text, values }: Bound): readonly Columns[] {
    return this.#prepare(text).statement.all(...values)
  }

  /** Runs a statement of transaction control. */
  control(text: string): void {
    this.#prepare(text).statement.run()
  }

  /** Does the work in one transaction. An exception rolls it back. */
  transaction<T>(work: () => T): T {
    this.control('BEGIN IMMEDIATE')
    try {
      const done = work()
      this.control('COMMIT')
      return done
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  /**
   * Copies the write-ahead log into the database and empties it, without waiting for others. Returns false, or throws, when that is
   * impossible now.
   */
  emptiesLog(): boolean {
    this.#db.exec('PRAGMA busy_timeout = 0')
    try {
      return this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`)
    }
  }

  close(): void {
    this.#db.close()
  }
}

/** SQLITE_CANTOPEN. */
const CAN_NOT_OPEN = 14

/** Turns SQLite's errors into Unavailable, and no others. `place` names in the message where the work is done. */
export function guarded<T>(work: () => T, place = ''): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR')) throw error
    const isUnopened = 'errcode' in error && error.errcode === CAN_NOT_OPEN
    const remedy = isUnopened ? ': check that its folder exists, and that this user can write to both' : ''
    throw new Unavailable(`SQLite: ${place}${error.message}${remedy}`, { cause: error })
  }
}
