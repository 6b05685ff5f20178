// The embedded store: SQLite in WAL mode. A batch is one synchronous transaction, made durable by one sync of the log.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { GrowingChain } from './growing-chain.ts'
import { NonceMemory } from './nonce-memory.ts'
import { migrations, type Statements, statements } from './queries.ts'
import { checkVersion, pageAfterValues, type Step, scanValues, stepsOf, toRow } from './rows.ts'
import { SqliteEvents } from './sqlite-events.ts'
import {
  type Chaining,
  type Commit,
  type EventRow,
  type Guard,
  GuardMoved,
  HEAD_PLACE,
  type Outcome,
  type Place,
  type Range,
  type Row,
  type RowChange,
  type RowKey,
  type Storage,
  Unavailable,
} from './storage.ts'
import { WalSync } from './wal-sync.ts'

const DIGEST_BYTES = 16
const CACHE_KIB = 64 * 1024

/** Opens (and migrates) the database file; `:memory:` serves tests. Throws Unavailable when it can't. */
export function openSqlite(path: string): Storage {
  return guarded(() => new SqliteStorage(path))
}

class SqliteStorage implements Storage {
  readonly commitsAtOnce = 2
  readonly #db: DatabaseSync
  readonly #texts: Statements = statements('sqlite')
  readonly #prepared = new Map<keyof Statements, StatementSync>()
  readonly #controls = new Map<string, StatementSync>()
  readonly #nonces = new NonceMemory()
  readonly events = new SqliteEvents((name) => this.#run(name), guarded)
  /** null for a database in memory. */
  readonly #wal: WalSync | null
  #scrubDue = false

  constructor(path: string) {
    this.#db = new DatabaseSync(path)
    for (const pragma of [
      'journal_mode = WAL',
      // Pages that many calls touch are copied back less often; the log stays below 32 MiB.
      'wal_autocheckpoint = 8000',
      // A commit writes the log; WalSync brings it to disk before anybody is told.
      'synchronous = NORMAL',
      'secure_delete = ON',
      `cache_size = -${CACHE_KIB}`,
      'busy_timeout = 5000',
      'temp_store = MEMORY',
    ])
      this.#db.exec(`PRAGMA ${pragma}`)
    this.#wal = this.#db.prepare('PRAGMA journal_mode').get()?.['journal_mode'] === 'wal' ? new WalSync(path) : null
    if (!this.#wal) this.#db.exec('PRAGMA synchronous = FULL')
    this.#migrate()
    this.#recallNonces()
  }

  #run(statement: keyof Statements): StatementSync {
    const prepared = this.#prepared.get(statement) ?? this.#db.prepare(this.#texts[statement])
    this.#prepared.set(statement, prepared)
    return prepared
  }

  /** Runs a statement of transaction control, prepared once. */
  #control(text: string): void {
    const prepared = this.#controls.get(text) ?? this.#db.prepare(text)
    this.#controls.set(text, prepared)
    prepared.run()
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
    const row = guarded(() => this.#run('get').get(kind, account, region, id))
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
    const statement = this.#run(parent === null ? `page${direction}` : `ownedPage${direction}`)
    return guarded(() => statement.all(...values)).map(toRow)
  }

  async pageAfter(place: Place, after: Pick<Row, 'createdAt' | 'id'> | null, limit: number) {
    return guarded(() => this.#run('pageAfter').all(...pageAfterValues(place, after, limit))).map(toRow)
  }

  async between({ kind, account, region }: Place, after: string, before: string, limit: number) {
    return guarded(() => this.#run('between').all(kind, account, region, after, before, limit)).map(toRow)
  }

  async count({ kind, account, region, parent }: Range): Promise<number> {
    const row = guarded(() =>
      parent === null
        ? this.#run('count').get(kind, account, region)
        : this.#run('ownedCount').get(kind, account, region, parent),
    )
    return Number(row?.['n'] ?? 0)
  }

  async due(kind: string, now: number, limit: number): Promise<readonly Row[]> {
    return guarded(() => this.#run('due').all(kind, now, limit)).map(toRow)
  }

  async scan(after: RowKey | null, limit: number): Promise<readonly Row[]> {
    return guarded(() => this.#run('scan').all(...scanValues(after, limit))).map(toRow)
  }

  async size(): Promise<number> {
    return Number(guarded(() => this.#run('size').get())?.['n'] ?? 0)
  }

  get failure(): Unavailable | null {
    return this.#wal?.failure ?? null
  }

  async synced(): Promise<void> {
    await this.#wal?.synced()
  }

  async commit(batch: readonly Commit[], chaining: Chaining, guard: Guard | null = null): Promise<readonly Outcome[]> {
    if (this.failure) throw this.failure
    const outcomes = guarded(() => {
      this.#control('BEGIN IMMEDIATE')
      try {
        if (guard) this.#heed(guard)
        const done = this.#commitAll(batch, chaining)
        this.#control('COMMIT')
        return done
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
        throw error
      }
    })
    for (const [i, { nonce, scrub }] of batch.entries()) {
      if (outcomes[i] !== 'committed') continue
      if (nonce) this.#nonces.add(nonce.digest, nonce.expiresAt)
      if (scrub) this.#scrubDue = true
    }
    await this.#wal?.synced()
    this.#scrub()
    return outcomes
  }

  #heed({ kind, account, region, id, revision }: Guard): void {
    if (this.#run('get').get(kind, account, region, id)?.['revision'] !== revision) throw new GuardMoved()
  }

  #commitAll(batch: readonly Commit[], chaining: Chaining): Outcome[] {
    const chain = batch.some(({ event }) => event) ? this.#chain(chaining) : null
    const digests = new Map<string, Uint8Array>()
    let expiresAt = 0
    const outcomes = batch.map((commit) => {
      const name = commit.nonce ? Buffer.from(commit.nonce.digest).toString('latin1') : ''
      if (commit.nonce && (digests.has(name) || this.#nonces.has(commit.nonce.digest))) return 'nonce-used'
      const outcome = this.#commitOne(commit, chain)
      if (commit.nonce && outcome === 'committed') {
        digests.set(name, commit.nonce.digest)
        expiresAt = Math.max(expiresAt, commit.nonce.expiresAt)
      }
      return outcome
    })
    if (digests.size > 0) this.#run('nonceBatch').run(expiresAt, Buffer.concat([...digests.values()]))
    // INVARIANT: no call of the batch touches the head's row itself, or the chain would break here.
    const moves = chain ? stepsOf({ change: 'update', row: chain.row(), from: chain.from }) : []
    if (!moves.every((step) => this.#take(step))) throw new Unavailable('the head of the event chain moved by itself')
    return outcomes
  }

  #chain(chaining: Chaining): GrowingChain {
    const { kind, account, region, id } = HEAD_PLACE
    const row = this.#run('get').get(kind, account, region, id)
    return new GrowingChain(row ? toRow(row) : null, chaining)
  }

  #commitOne({ changes, event, further }: Commit, chain: GrowingChain | null): Outcome {
    if (changes.length > 0) {
      this.#control('SAVEPOINT call')
      const failed = this.#firstFailure(changes)
      if (failed) this.#control('ROLLBACK TO call')
      this.#control('RELEASE call')
      if (failed) return failed
    }
    if (event && chain) this.#addEvent(event, chain)
    if (further && chain) for (const one of further) this.#addEvent(one, chain)
    return 'committed'
  }

  #addEvent(event: EventRow, chain: GrowingChain): void {
    const { seq, eventId, account, region, at, body, hash } = chain.add(event)
    this.#run('event').run(seq, eventId, account, region, at, body, hash)
  }

  #firstFailure(changes: readonly RowChange[]): 'moved' | 'full' | null {
    for (const change of changes) for (const step of stepsOf(change)) if (!this.#take(step)) return step.otherwise
    return null
  }

  #take({ statement, values }: Step): boolean {
    if (this.#run(statement).get(...values) !== undefined) return true
    if (statement !== 'stepTally') return false
    // The first of its kind here: its tally has no row yet.
    this.#run('openTally').run(...values.slice(1, 4))
    return this.#run(statement).get(...values) !== undefined
  }

  /**
   * Moves the write-ahead log into the database and empties it: with secure_delete, nothing removed remains in either.
   * What it can't do now (a full disk), it does at the next opportunity; the removal itself is committed already.
   */
  #scrub(): void {
    if (!this.#scrubDue) return
    try {
      this.#scrubDue = this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] !== 0
    } catch {
      this.#scrubDue = true
    }
  }

  /** Reads back the nonces of the last time window, so that a restart takes no replay. */
  #recallNonces(): void {
    const limit = 1000
    for (let offset = 0; ; offset += limit) {
      const rows = this.#run('nonceBatches').all(limit, offset)
      for (const { expires_at, digests } of rows)
        for (let at = 0; at < (digests as Uint8Array).length; at += DIGEST_BYTES)
          this.#nonces.add((digests as Uint8Array).subarray(at, at + DIGEST_BYTES), expires_at as number)
      if (rows.length < limit) return
    }
  }

  async dropNonces(now: number, limit: number): Promise<number> {
    this.#scrub()
    this.#nonces.drop(now)
    return guarded(() => this.#run('dropNonceBatches').all(now, limit)).length
  }

  async close(): Promise<void> {
    await this.#wal?.close()
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
