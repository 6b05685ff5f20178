// The shared store: PostgreSQL.
import { PostgresqlBatches } from './postgresql-batches.ts'
import { connect, reaching, SEARCHES } from './postgresql-connections.ts'
import { DURABILITY_SETTINGS, durabilityRisks } from './postgresql-durability.ts'
import { migratePostgresql } from './postgresql-migration.ts'
import { LivePool } from './postgresql-pool.ts'
import type { Columns } from './rows.ts'
import { type Indexing, type Opening, UNINDEXED } from './search.ts'
import type { Bound } from './statement.ts'
import { statements } from './statements.ts'
import {
  type Basis,
  type Chaining,
  type Commit,
  ENOUGH,
  type RowKey,
  type Storage,
  type Stored,
  type Turn,
} from './storage.ts'
import { StoredEvents } from './stored-events.ts'
import { StoredRows } from './stored-rows.ts'

/** A batch or a read that takes longer counts as lost, and so does its connection. */
const PATIENCE_MS = 15_000

/** Connects to the database at `url`, and migrates it. Throws Unavailable. `patienceMs` is for tests. */
export async function openPostgresql(
  url: string,
  opening: Opening = UNINDEXED,
  patienceMs = PATIENCE_MS,
): Promise<Storage> {
  const pool = connect(url)
  try {
    await reaching(() => migratePostgresql(pool.sql, opening))
    const risks = durabilityRisks(await reaching(() => pool.sql.unsafe(DURABILITY_SETTINGS)))
    return new PostgresqlStorage(new LivePool(pool, () => connect(url), patienceMs), opening.indexing, risks)
  } catch (error) {
    await pool.end(0)
    throw error
  }
}

class PostgresqlStorage extends StoredRows implements Storage {
  readonly enough = ENOUGH
  readonly failure = null
  readonly risks: readonly string[]
  readonly #pool: LivePool
  readonly events = new StoredEvents(this.statements, (bound) => this.all(bound))
  readonly #batches: PostgresqlBatches

  constructor(pool: LivePool, indexing: Indexing, risks: readonly string[]) {
    super(statements('postgresql'), SEARCHES)
    this.#pool = pool
    this.#batches = new PostgresqlBatches(pool, this.statements, this.events, indexing)
    this.risks = risks
  }

  protected all(bound: Bound): Promise<readonly Columns[]> {
    return this.#pool.all(bound)
  }

  protected sought(bound: Bound): Promise<readonly Columns[]> {
    return this.#pool.search(bound)
  }

  commit(commits: readonly Commit[], chaining: Chaining, basis: Basis | null): Promise<Stored> {
    return this.#batches.commit({ commits, chaining, basis }, null)
  }

  takeTurn(place: RowKey): Promise<Turn> {
    return this.#batches.takeTurn(place)
  }

  /** PostgreSQL shows committed rows only once they are durable (synchronous_commit, its default). */
  async synced(): Promise<void> {}

  /** PostgreSQL itself decides when it vacuums removed rows and drops its log. */
  async scrubbed(): Promise<void> {}

  async dropNonces(now: number, limit: number): Promise<number> {
    return (await this.all(this.statements.dropNonces({ now, limit }))).length
  }

  async close(): Promise<void> {
    this.searches.close()
    await this.#pool.end(5)
  }
}
