// The embedded store: SQLite in WAL mode. A batch is one synchronous transaction with one fsync.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { migrations, type Statements, statements } from './queries.ts'
import { bindings, checkVersion, toEvent, toRow } from './rows.ts'
import {
  type Commit,
  type EventRow,
  type Outcome,
  type Range,
  type Row,
  type RowChange,
  type Storage,
  Unavailable,
} from './storage.ts'

const CACHE_KIB = 64 * 1024

/** Opens (and migrates) the database file; `:memory:` serves tests. Throws Unavailable when it can't. */
export function openSqlite(path: string): Storage {
  return guarded(() => new SqliteStorage(path))
}

class SqliteStorage implements Storage {
  readonly #db: DatabaseSync
  readonly #run: { readonly [K in keyof Statements]: StatementSync }

  constructor(path: string) {
    this.#db = new DatabaseSync(path)
    for (const pragma of [
      'journal_mode = WAL',
      'synchronous = FULL',
      'secure_delete = ON',
      `cache_size = -${CACHE_KIB}`,
      'busy_timeout = 5000',
      'temp_store = MEMORY',
    ])
      this.#db.exec(`PRAGMA ${pragma}`)
    this.#migrate()
    const prepared = Object.entries(statements('sqlite')).map(([name, sql]) => [name, this.#db.prepare(sql)])
    this.#run = Object.fromEntries(prepared) as { readonly [K in keyof Statements]: StatementSync }
  }

  #migrate(): void {
    const steps = migrations('sqlite')
    const from = Number(this.#db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
    checkVersion(from, steps.length)
    for (const [i, step] of steps.entries()) {
      if (i < from) continue
      this.#db.exec(`BEGIN IMMEDIATE; ${step.join(';')}; PRAGMA user_version = ${i + 1}; COMMIT`)
    }
  }

  async get(kind: string, account: string, region: string, id: string): Promise<Row | null> {
    const row = guarded(() => this.#run.get.get(kind, account, region, id))
    return row ? toRow(row) : null
  }

  async page(range: Range, offset: number, limit: number, total: number): Promise<readonly Row[]> {
    const { kind, account, region, parent } = range
    const place = parent === null ? [kind, account, region] : [kind, account, region, parent]
    if (offset <= total / 2) return this.#list('', parent, [...place, limit, offset])
    const size = Math.min(limit, Math.max(0, total - offset))
    return this.#list('FromEnd', parent, [...place, size, Math.max(0, total - offset - limit)]).reverse()
  }

  #list(direction: '' | 'FromEnd', parent: string | null, values: SQLInputValue[]): Row[] {
    const statement = this.#run[parent === null ? (`page${direction}` as const) : (`ownedPage${direction}` as const)]
    return guarded(() => statement.all(...values)).map(toRow)
  }

  async count({ kind, account, region, parent }: Range): Promise<number> {
    const row = guarded(() =>
      parent === null
        ? this.#run.count.get(kind, account, region)
        : this.#run.ownedCount.get(kind, account, region, parent),
    )
    return Number(row?.['n'] ?? 0)
  }

  async due(kind: string, now: number, limit: number): Promise<readonly Row[]> {
    return guarded(() => this.#run.due.all(kind, now, limit)).map(toRow)
  }

  async commit(batch: readonly Commit[]): Promise<readonly Outcome[]> {
    return guarded(() => {
      this.#db.exec('BEGIN IMMEDIATE')
      try {
        const outcomes = batch.map((commit) => this.#commitOne(commit))
        this.#db.exec('COMMIT')
        if (batch.some((commit, i) => commit.scrub && outcomes[i] === 'committed')) this.#scrub()
        return outcomes
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
        throw error
      }
    })
  }

  #commitOne({ changes, nonce, event }: Commit): Outcome {
    const savepoint = changes.length > 0
    if (savepoint) this.#db.exec('SAVEPOINT call')
    const outcome =
      nonce && !this.#run.nonce.get(nonce.digest, nonce.expiresAt)
        ? 'nonce-used'
        : changes.every((change) => this.#apply(change))
          ? 'committed'
          : 'moved'
    if (outcome === 'committed' && event)
      this.#run.event.run(event.eventId, event.account, event.region, event.at, event.body)
    if (savepoint) this.#db.exec(outcome === 'committed' ? 'RELEASE call' : 'ROLLBACK TO call; RELEASE call')
    return outcome
  }

  #apply(change: RowChange): boolean {
    return bindings(change).every(({ statement, values }) => {
      const prepared = this.#run[statement]
      return prepared.get(...values) !== undefined || statement === 'openTally'
    })
  }

  /** Moves the write-ahead log into the database and empties it: with secure_delete, nothing removed remains in either. */
  #scrub(): void {
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  async dropNonces(now: number, limit: number): Promise<number> {
    return guarded(() => this.#run.dropNonces.all(now, limit)).length
  }

  async events(afterSeq: number, limit: number): Promise<readonly (EventRow & { seq: number })[]> {
    return guarded(() => this.#run.events.all(afterSeq, limit)).map(toEvent)
  }

  async close(): Promise<void> {
    this.#db.close()
  }
}

/** SQLite's own errors become Unavailable; a mistake of ours stays what it is. */
function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR')
      throw new Unavailable(`SQLite: ${error.message}`, { cause: error })
    throw error
  }
}
