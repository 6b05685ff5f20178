// The embedded store: SQLite in WAL mode. A batch is one synchronous transaction, made durable by one sync of the log.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { GrowingChain } from './growing-chain.ts'
import { type Batch, JoinedBatches } from './joined-batches.ts'
import { migrations } from './migrations.ts'
import { NonceMemory } from './nonce-memory.ts'
import { type Columns, changedKeys, checkVersion, movedCalls, type Step, stepsOf, toChanges, toRow } from './rows.ts'
import { SqliteEvents } from './sqlite-events.ts'
import type { Bound } from './statement.ts'
import { statements } from './statements.ts'
import {
  type Basis,
  type Chaining,
  type Changes,
  type Commit,
  type EventRow,
  type EventStorage,
  type Outcome,
  type RowChange,
  Stale,
  type Storage,
  type Stored,
  Unavailable,
} from './storage.ts'
import { StoredRows } from './stored-rows.ts'
import { WalSync } from './wal-sync.ts'

const DIGEST_BYTES = 16
const CACHE_KIB = 64 * 1024
/** A batch of so many calls is synced on the main thread while the disk is fast: there is little else to do. */
const FEW = 4

/** Opens and migrates the database file; `:memory:` serves tests. Throws Unavailable. */
export function openSqlite(path: string): Storage {
  return guarded(() => new SqliteStorage(path))
}

/** What one transaction adds to: the chain of events, and the nonces. */
interface Growing {
  chain: GrowingChain | null
  readonly digests: Map<string, Uint8Array>
  expiresAt: number
}

class SqliteStorage extends StoredRows implements Storage {
  // While a batch is synced, the next one grows: fewer and larger batches cost less a call than two at once.
  readonly commitsAtOnce = 1
  readonly risks: readonly string[] = []
  readonly #db: DatabaseSync
  /** By text. */
  readonly #prepared = new Map<string, StatementSync>()
  readonly #nonces = new NonceMemory()
  readonly #joined = new JoinedBatches((batches) => this.#commitTogether(batches))
  readonly events: EventStorage
  /** null for a database in memory. */
  readonly #wal: WalSync | null
  #scrubDue = false

  constructor(path: string) {
    super(statements('sqlite'))
    this.events = new SqliteEvents(
      this.statements,
      (bound) => this.all(bound),
      (bound) => guarded(() => this.#arrays(bound)),
    )
    this.#db = new DatabaseSync(path)
    for (const pragma of [
      'journal_mode = WAL',
      // The more rarely the log is copied back, the more calls share the copy of a page; the log stays below 32 MiB.
      'wal_autocheckpoint = 8000',
      // A commit writes the log; WalSync makes it durable before any call resolves.
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

  /** The statement of this text, prepared once. */
  #prepare(text: string): StatementSync {
    let prepared = this.#prepared.get(text)
    if (!prepared) {
      prepared = this.#db.prepare(text)
      this.#prepared.set(text, prepared)
    }
    return prepared
  }

  /** Runs a statement that returns no rows; returns how many it touched. */
  #run({ text, values }: Bound): number {
    return Number(this.#prepare(text).run(...values).changes)
  }

  /** The first row of a statement. */
  #first({ text, values }: Bound): Columns | undefined {
    return this.#prepare(text).get(...values)
  }

  /** The rows of a statement as arrays. */
  #arrays({ text, values }: Bound): readonly unknown[] {
    const prepared = this.#prepare(text)
    prepared.setReturnArrays(true)
    return prepared.all(...values)
  }

  /** Runs a statement of transaction control. */
  #control(text: string): void {
    this.#prepare(text).run()
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

  protected async all(bound: Bound): Promise<readonly Columns[]> {
    return guarded(() => this.#prepare(bound.text).all(...bound.values))
  }

  get failure(): Unavailable | null {
    return this.#wal?.failure ?? null
  }

  async synced(): Promise<void> {
    await this.#wal?.synced()
  }

  commit(commits: readonly Commit[], chaining: Chaining, basis: Basis | null): Promise<Stored> {
    return this.#joined.add({ commits, chaining, basis })
  }

  /** Commits the batches in one transaction, which is durable when this resolves. */
  async #commitTogether(batches: readonly Batch[]): Promise<readonly (Stored | Stale)[]> {
    if (this.failure) throw this.failure
    const ended = guarded(() => {
      this.#control('BEGIN IMMEDIATE')
      try {
        const done = this.#transaction(batches)
        this.#control('COMMIT')
        return done
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
        throw error
      }
    })
    let calls = 0
    for (const [i, { commits }] of batches.entries()) {
      const one = ended[i]
      if (one && 'outcomes' in one) this.#noteStored(commits, one)
      calls += commits.length
    }
    if (this.#wal && !(calls <= FEW && this.#wal.syncedNow())) await this.#wal.synced()
    this.#scrub()
    return ended
  }

  #noteStored(commits: readonly Commit[], { outcomes }: Stored): void {
    for (const [i, { nonce, scrub }] of commits.entries()) {
      if (outcomes[i] !== 'committed') continue
      if (nonce) this.#nonces.add(nonce.digest, nonce.expiresAt)
      if (scrub) this.#scrubDue = true
    }
  }

  #transaction(batches: readonly Batch[]): readonly (Stored | Stale)[] {
    const growing: Growing = { chain: null, digests: new Map(), expiresAt: 0 }
    const ended = batches.map((batch) => this.#commitHeld(batch, growing))
    const { chain, digests, expiresAt } = growing
    if (digests.size > 0)
      this.#run(this.statements.nonceBatch({ expiresAt, digests: Buffer.concat([...digests.values()]) }))
    // INVARIANT: no call of the batches changes the row of the head.
    if (chain && this.#run(this.statements.moveHead({ ...chain.row(), from: chain.from })) !== 1)
      throw new Unavailable('the head of the event chain changed in the middle of a batch')
    return ended
  }

  #commitHeld({ commits, chaining, basis }: Batch, growing: Growing): Stored | Stale {
    const before = Number(this.#first(this.statements.changeNumber({}))?.['n'])
    if (basis && basis.number !== before && !basis.reads) return new Stale()
    const moved = basis?.reads && basis.number !== before ? movedCalls(basis.reads, this.#changesNow(basis.number)) : []
    if (commits.some(({ event }) => event)) this.#chain(growing, chaining, basis)
    const outcomes = commits.map((commit, i) => (moved[i] ? 'moved' : this.#commitOnce(commit, growing)))
    const keys = changedKeys(commits.filter((_, i) => outcomes[i] === 'committed'))
    if (keys.length > 0) {
      this.#run(this.statements.moveAnyNumber({}))
      this.#run(this.statements.logChange({ keys: JSON.stringify(keys) }))
      this.#run(this.statements.dropLogged({}))
    }
    const number = before + Math.min(keys.length, 1)
    return { outcomes, number: basis?.number === before ? number : null }
  }

  #changesNow(number: number): Changes {
    const { text, values } = this.statements.changesSince({ number })
    return toChanges(this.#prepare(text).all(...values), number)
  }

  /** Begins the chain of the transaction, or goes on with it for another batch. */
  #chain(growing: Growing, chaining: Chaining, basis: Basis | null): void {
    const change = basis?.number ?? null
    growing.chain?.goOn(chaining, change)
    if (growing.chain) return
    const row = this.#first(this.statements.get(chaining.place))
    growing.chain = new GrowingChain(row ? toRow(row) : null, chaining, change)
  }

  #commitOnce(commit: Commit, growing: Growing): Outcome {
    const { nonce } = commit
    if (!nonce) return this.#commitOne(commit, growing.chain)
    const name = Buffer.from(nonce.digest).toString('latin1')
    if (growing.digests.has(name) || this.#nonces.has(nonce.digest)) return 'nonce-used'
    const outcome = this.#commitOne(commit, growing.chain)
    if (outcome === 'committed') {
      growing.digests.set(name, nonce.digest)
      growing.expiresAt = Math.max(growing.expiresAt, nonce.expiresAt)
    }
    return outcome
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
    this.#run(this.statements.event(chain.add(event)))
  }

  #firstFailure(changes: readonly RowChange[]): 'moved' | 'full' | null {
    for (const change of changes)
      for (const step of stepsOf(change, this.statements)) if (!this.#take(step)) return step.otherwise
    return null
  }

  #take({ guarded, opening }: Step): boolean {
    if (this.#first(guarded) !== undefined) return true
    if (!opening) return false
    this.#run(opening)
    return this.#first(guarded) !== undefined
  }

  /**
   * Moves the write-ahead log into the database and empties it: with secure_delete, neither keeps what was removed.
   * What fails now (a full disk) is done at the next opportunity; the removal itself is committed already.
   */
  #scrub(): void {
    if (!this.#scrubDue) return
    try {
      this.#scrubDue = this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] !== 0
    } catch {
      this.#scrubDue = true
    }
  }

  /** Reads back the nonces of the last time window, so that no replay succeeds after a restart. */
  #recallNonces(): void {
    const limit = 1000
    for (let offset = 0; ; offset += limit) {
      const { text, values } = this.statements.nonceBatches({ limit, offset })
      const rows = this.#prepare(text).all(...values)
      for (const { expires_at, digests } of rows)
        for (let at = 0; at < (digests as Uint8Array).length; at += DIGEST_BYTES)
          this.#nonces.add((digests as Uint8Array).subarray(at, at + DIGEST_BYTES), expires_at as number)
      if (rows.length < limit) return
    }
  }

  async dropNonces(now: number, limit: number): Promise<number> {
    this.#scrub()
    this.#nonces.drop(now)
    return (await this.all(this.statements.dropNonceBatches({ now, limit }))).length
  }

  async close(): Promise<void> {
    await this.#wal?.close()
    this.#db.close()
  }
}

/** Turns errors of SQLite into Unavailable, and no others. */
function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR')
      throw new Unavailable(`SQLite: ${error.message}`, { cause: error })
    throw error
  }
}
