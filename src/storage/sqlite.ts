// The embedded store: SQLite in WAL mode. A batch is one synchronous transaction, made durable by one sync of the log.
import { fillSqlite } from './fill-index.ts'
import { type Batch, JoinedBatches } from './joined-batches.ts'
import { NonceMemory } from './nonce-memory.ts'
import type { Columns } from './rows.ts'
import { type Indexing, type Opening, UNINDEXED } from './search.ts'
import { guarded, SqliteConnection } from './sqlite-connection.ts'
import { SqliteEvents } from './sqlite-events.ts'
import { SqliteScrubs } from './sqlite-scrubs.ts'
import { SqliteSearches } from './sqlite-searches.ts'
import { HalfDone, SqliteTransaction } from './sqlite-transaction.ts'
import type { Bound } from './statement.ts'
import { statements } from './statements.ts'
import {
  type Basis,
  type Chaining,
  type Changes,
  type Commit,
  ENOUGH,
  type EventStorage,
  NONCE_DIGEST_BYTES,
  type Row,
  type Stale,
  type Storage,
  type Stored,
  type Unavailable,
} from './storage.ts'
import { StoredRows } from './stored-rows.ts'
import { WalSync } from './wal-sync.ts'

/** A batch of at most this many calls is synced on the main thread while the disk is fast, because there is little other work. */
const FEW = 4

/** Opens and migrates the database file; `:memory:` serves tests. Throws Unavailable. */
export function openSqlite(path: string, opening: Opening = UNINDEXED): Storage {
  return guarded(() => new SqliteStorage(path, opening), `\`${path}\`: `)
}

class SqliteStorage extends StoredRows implements Storage {
  readonly enough = ENOUGH
  readonly risks: readonly string[] = []
  readonly #db: SqliteConnection
  readonly #nonces = new NonceMemory()
  readonly #joined = new JoinedBatches((batches) => this.#commitTogether(batches))
  readonly events: EventStorage
  /** null for a database in memory. */
  readonly #wal: WalSync | null
  /** null for a database in memory, which no other connection can see. */
  readonly #searches: SqliteSearches | null
  readonly #indexing: Indexing
  readonly #scrubs: SqliteScrubs

  constructor(path: string, opening: Opening) {
    // All searches share one thread.
    super(statements('sqlite'), 1)
    this.events = new SqliteEvents(
      this.statements,
      (bound) => this.all(bound),
      (bound) => guarded(() => this.#db.arrays(bound)),
    )
    const fill = (connection: SqliteConnection) => fillSqlite(connection, this.statements, opening)
    this.#db = new SqliteConnection(path, fill, opening)
    this.#indexing = opening.indexing
    this.#wal = this.#db.hasLog ? new WalSync(path) : null
    this.#searches = this.#db.hasLog ? new SqliteSearches(path) : null
    this.#scrubs = new SqliteScrubs(this.#db, this.searches, opening.notice)
    try {
      this.#recallNonces()
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  protected async all(bound: Bound): Promise<readonly Columns[]> {
    return guarded(() => this.#db.all(bound))
  }

  protected sought(bound: Bound): Promise<readonly Columns[]> {
    return this.#searches ? this.#searches.all(bound) : this.all(bound)
  }

  get failure(): Unavailable | null {
    return this.#wal?.failure ?? null
  }

  async synced(): Promise<void> {
    await this.#wal?.synced()
  }

  /** SQLite shows what another process, or a batch in progress, has committed before the log is synced. */
  override async changesSince(number: number | null): Promise<Changes> {
    const changes = await super.changesSince(number)
    if (changes.number !== number) await this.synced()
    return changes
  }

  /** For the same reason. */
  override async due(kind: string, now: number, limit: number): Promise<readonly Row[]> {
    const rows = await super.due(kind, now, limit)
    if (rows.length > 0) await this.synced()
    return rows
  }

  commit(commits: readonly Commit[], chaining: Chaining, basis: Basis | null): Promise<Stored> {
    return this.#joined.add({ commits, chaining, basis })
  }

  /** Commits the batches in one transaction, which is durable when this resolves. */
  async #commitTogether(batches: readonly Batch[]): Promise<readonly (Stored | Stale)[]> {
    if (this.failure) throw this.failure
    const ended = guarded(() => this.#transact(batches))
    let calls = 0
    for (const [i, { commits }] of batches.entries()) {
      const result = ended[i]
      if (result && 'outcomes' in result) this.#noteStored(commits, result)
      calls += commits.length
    }
    if (this.#wal && !(calls <= FEW && this.#wal.syncedNow())) await this.#wal.synced()
    this.#scrubs.tryNow()
    return ended
  }

  /** Stores the batches in one transaction: with savepoints, which cost every call something, only where a call failed halfway, which is rare. */
  #transact(batches: readonly Batch[]): readonly (Stored | Stale)[] {
    const parts = { db: this.#db, statements: this.statements, indexing: this.#indexing, nonces: this.#nonces }
    const attempt = (savepoints: boolean) =>
      this.#db.transaction(() => new SqliteTransaction({ ...parts, savepoints }).commit(batches))
    try {
      return attempt(false)
    } catch (error) {
      if (!(error instanceof HalfDone)) throw error
      return attempt(true)
    }
  }

  #noteStored(commits: readonly Commit[], { outcomes }: Stored): void {
    for (const [i, { nonce, scrub }] of commits.entries()) {
      if (outcomes[i] !== 'committed') continue
      if (nonce) this.#nonces.add(nonce.digest, nonce.expiresAt)
      if (scrub) this.#scrubs.due()
    }
  }

  scrubbed(): Promise<void> {
    return this.#scrubs.done()
  }

  /** Reads the nonces of the last time window back, so that no replay succeeds after a restart. */
  #recallNonces(): void {
    const limit = 1000
    for (let offset = 0; ; offset += limit) {
      const rows = this.#db.all(this.statements.nonceBatches({ limit, offset }))
      for (const { expires_at, digests } of rows)
        for (let at = 0; at < (digests as Uint8Array).length; at += NONCE_DIGEST_BYTES)
          this.#nonces.add((digests as Uint8Array).subarray(at, at + NONCE_DIGEST_BYTES), expires_at as number)
      if (rows.length < limit) return
    }
  }

  readonly takeTurn = null

  async dropNonces(now: number, limit: number): Promise<number> {
    this.#scrubs.tryNow()
    this.#nonces.drop(now)
    return (await this.all(this.statements.dropNonceBatches({ now, limit }))).length
  }

  async close(): Promise<void> {
    this.searches.close()
    await this.#searches?.close()
    await this.#scrubs.close()
    await this.#wal?.close()
    this.#db.close()
  }
}
