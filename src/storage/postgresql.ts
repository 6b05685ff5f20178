// The shared store: PostgreSQL. A batch is one pipelined transaction; a guarded statement that touches no row aborts it, and its calls
// are tried one by one. The head of the lane that the server records in is known from memory, so that a batch waits for no other server;
// after another process moved it, the head is read and locked first.
import { GrowingChain } from './growing-chain.ts'
import { isLost, settled, within } from './lost-connection.ts'
import { migrations } from './migrations.ts'
import {
  type Connection,
  closedError,
  connect,
  type Pool,
  reaching,
  reserve,
  type Sql,
} from './postgresql-connections.ts'
import { DURABILITY_SETTINGS, durabilityRisks } from './postgresql-durability.ts'
import { type Columns, changedKeys, checkVersion, stepsOf, toRow } from './rows.ts'
import type { Bound } from './statement.ts'
import { statements } from './statements.ts'
import {
  type Basis,
  type Chaining,
  type Commit,
  type Head,
  type Outcome,
  type Row,
  type RowKey,
  Stale,
  type Storage,
  type Stored,
  Unavailable,
} from './storage.ts'
import { StoredEvents } from './stored-events.ts'
import { StoredRows } from './stored-rows.ts'

/** A batch or a read that takes longer counts as lost, and so does a connection. */
const PATIENCE_MS = 15_000
const CONNECTION_PATIENCE_MS = 3000
/**
 * The database ends a transaction that waits so long for a lock, or hears nothing from its server for so long: a server that was
 * stopped in the middle holds up no other one, and a server that gave up leaves no transaction waiting.
 */
const TRANSACTION_PATIENCE_MS = 10_000
// The statements that hold a batch against its basis see what was committed before each of them.
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = ${TRANSACTION_PATIENCE_MS}; SET LOCAL idle_in_transaction_session_timeout = ${TRANSACTION_PATIENCE_MS}`

/** Connects to the database that `url` names and migrates it. Throws Unavailable. `patienceMs` is for tests. */
export async function openPostgresql(url: string, patienceMs = PATIENCE_MS): Promise<Storage> {
  const pool = connect(url)
  try {
    await reaching(() => migrate(pool.sql))
    const risks = durabilityRisks(await reaching(() => pool.sql.unsafe(DURABILITY_SETTINGS)))
    return new PostgresqlStorage(pool, () => connect(url), patienceMs, risks)
  } catch (error) {
    await pool.end(0)
    throw error
  }
}

/** unique_violation, duplicate_table, duplicate_object */
const DUPLICATE = ['23505', '42P07', '42710']

async function migrate(sql: Sql): Promise<void> {
  const steps = migrations('postgresql')
  // IF NOT EXISTS does not serialize two servers that start at the same moment: the later one meets a duplicate name.
  await sql
    .unsafe('CREATE TABLE IF NOT EXISTS strongroom_version (version bigint NOT NULL)')
    .catch((error: unknown) => {
      if (!DUPLICATE.includes((error as { code?: string }).code ?? '')) throw error
    })
  await sql.begin(async (transaction) => {
    await transaction.unsafe('LOCK TABLE strongroom_version IN EXCLUSIVE MODE')
    const [row] = await transaction.unsafe('SELECT max(version) AS version FROM strongroom_version')
    const from = Number(row?.['version'] ?? 0)
    checkVersion(from, steps.length)
    for (const statement of steps.slice(from).flat()) await transaction.unsafe(statement)
    if (from < steps.length) await transaction.unsafe('INSERT INTO strongroom_version VALUES ($1)', [steps.length])
  })
}

/** How a transaction ended, and what the change number is after it: see Stored. */
interface Ended<O> {
  readonly outcome: O
  readonly number: number | null
}

class PostgresqlStorage extends StoredRows implements Storage {
  // Each batch moves the head of the lane: a second one would only wait for the first.
  readonly commitsAtOnce = 1
  readonly failure = null
  readonly risks: readonly string[]
  #pool: Pool
  readonly #connect: () => Pool
  readonly #patienceMs: number
  readonly events = new StoredEvents(this.statements, (bound) => this.all(bound))
  /** The head's row as this server last wrote or read it. */
  #head: Row | null = null

  constructor(pool: Pool, connect: () => Pool, patienceMs: number, risks: readonly string[]) {
    super(statements('postgresql'))
    this.#pool = pool
    this.#connect = connect
    this.#patienceMs = patienceMs
    this.risks = risks
  }

  /** Replaces all connections, once: the state that a broken one leaves in the driver can't be relied on. */
  #renew(former: Pool): void {
    if (former !== this.#pool) return
    this.#pool = this.#connect()
    former.end(0).catch(() => {})
  }

  /** Throws once a connection of the pool is closed: a query for a closed connection makes the driver fail for all others. */
  #demandOpen(pool: Pool): void {
    if (pool.closed) throw closedError()
  }

  protected async all({ text, values }: Bound): Promise<readonly Columns[]> {
    if (this.#pool.closed) this.#renew(this.#pool)
    const pool = this.#pool
    return reaching(async () => {
      try {
        return await within(this.#patienceMs, pool.sql.unsafe(text, values, { prepare: true }))
      } catch (error) {
        // Other work would meet the same loss, and another host may be the primary by now.
        if (isLost(error)) this.#renew(pool)
        throw error
      }
    })
  }

  async commit(batch: readonly Commit[], chaining: Chaining, basis: Basis | null): Promise<Stored> {
    const together = await reaching(() => this.#transaction(batch, chaining, basis))
    const { outcome, number } = together
    if (outcome === 'committed') return { outcomes: batch.map(() => outcome), number }
    if (batch.length === 1) return { outcomes: [outcome], number: basis?.number ?? null }
    return this.#oneByOne(batch, chaining, basis)
  }

  async #oneByOne(batch: readonly Commit[], chaining: Chaining, basis: Basis | null): Promise<Stored> {
    const outcomes: Outcome[] = []
    let present = basis
    let followed = true
    for (const commit of batch)
      try {
        const { outcome, number } = await reaching(() => this.#transaction([commit], chaining, present))
        outcomes.push(outcome)
        if (outcome !== 'committed') continue
        if (number === null) followed = false
        else if (present) present = { ...present, number }
      } catch (error) {
        // Calls before this one are stored, so the batch must not be committed again, whatever the error.
        const none = outcomes.every((outcome) => outcome !== 'committed')
        if (none && !(error instanceof Unavailable)) throw error
        outcomes.push(error instanceof Stale ? 'moved' : 'unavailable')
        followed = false
      }
    return { outcomes, number: followed && present ? present.number : null }
  }

  /** Commits all of the calls or none, in one round trip, or in two after another server moved the head. */
  async #transaction(batch: readonly Commit[], chaining: Chaining, basis: Basis | null): Promise<Ended<Outcome>> {
    let connection: Connection | null = null
    let chain: GrowingChain | null = null
    let lost = false
    if (this.#pool.closed) this.#renew(this.#pool)
    const pool = this.#pool
    try {
      connection = await within(CONNECTION_PATIENCE_MS, reserve(pool), pool.underWay)
      const attempt = (one: Connection, begin: boolean) => {
        this.#demandOpen(pool)
        return this.#attempt(pool, one, batch, chain, basis, begin)
      }
      if (!batch.some(({ event }) => event)) return onlyOutcome(await attempt(connection, true))
      chain = this.#remembered(chaining, basis)
      const outcome = chain && (await attempt(connection, true))
      if (outcome && outcome.outcome !== 'head moved') return onlyOutcome(outcome)
      chain = null
      this.#demandOpen(pool)
      chain = await this.#lockHead(pool, connection, chaining, basis)
      return onlyOutcome(await attempt(connection, false))
    } catch (error) {
      this.#head = null
      lost = isLost(error)
      if (!lost) throw error
      this.#renew(pool)
      if (chain && (await this.#isStored(chain.head, chaining.place)))
        return { outcome: 'committed', number: numberAfter(basis, batch) }
      throw error
    } finally {
      // A lost connection goes with its pool; released, it would serve the next query.
      if (!lost) connection?.release()
    }
  }

  /** The chain from the head in memory; null when there is none, or its root key is no longer in use. */
  #remembered(chaining: Chaining, basis: Basis | null): GrowingChain | null {
    try {
      if (this.#head?.id !== chaining.place.id) return null
      return new GrowingChain(this.#head, chaining, basis?.number ?? null)
    } catch {
      return null
    }
  }

  /**
   * Whether the event that a lost transaction ends with is in the chain. Locking the head makes the answer certain, since a transaction
   * that the database still works on holds that lock until it ends. Throws when the database can't be reached.
   */
  async #isStored({ seq, hash }: Head, place: RowKey): Promise<boolean> {
    const { underWay } = this.#pool
    await within(this.#patienceMs, this.all(this.statements.lockHead(place)), underWay)
    const [event] = await within(this.#patienceMs, this.events.at([seq]), underWay)
    return event?.hash === hash
  }

  /** Begins a transaction that locks the head until it ends. */
  async #lockHead(pool: Pool, connection: Connection, chaining: Chaining, basis: Basis | null): Promise<GrowingChain> {
    const begun = connection.unsafe(BEGIN)
    const locked = sent(connection, this.statements.lockHead(chaining.place))
    try {
      const [, [row]] = await within(this.#patienceMs, Promise.all([begun, locked]), pool.underWay)
      return new GrowingChain(row ? toRow(row) : null, chaining, basis?.number ?? null)
    } catch (error) {
      if (!isLost(error)) await within(this.#patienceMs, connection.unsafe('ROLLBACK'), pool.underWay)
      throw error
    }
  }

  async #attempt(
    pool: Pool,
    connection: Connection,
    batch: readonly Commit[],
    chain: GrowingChain | null,
    basis: Basis | null,
    begin: boolean,
  ): Promise<Ended<Outcome | 'head moved'>> {
    const steps = batch.flatMap((commit) => this.#steps(commit, chain))
    const keys = changedKeys(batch)
    const head = chain?.row() ?? null
    const moves = head && chain ? stepsOf({ change: 'update', row: head, from: chain.from }, this.statements) : []
    const queries = [
      ...(begin ? [connection.unsafe(BEGIN)] : []),
      ...moves.map(({ guarded }) => sent(connection, must('head moved', guarded))),
      // Behind the head: who waits for another server's transaction waits there, and then meets the number as it left it.
      ...this.#held(keys.length > 0, basis).map((step) => sent(connection, step)),
      ...steps.map((step) => sent(connection, step)),
      ...this.#logged(keys).map((step) => sent(connection, step)),
      connection.unsafe('COMMIT'),
    ]
    const results = await within(this.#patienceMs, settled(queries), pool.underWay)
    const failure = results.find((result) => result.status === 'rejected')
    if (chain) this.#head = failure ? null : head
    if (failure) return { outcome: outcomeOf(failure.reason), number: null }
    const number = basis?.reads === null ? numberAfter(basis, batch) : numberIn(results, basis)
    return { outcome: 'committed', number }
  }

  /**
   * Holds the batch against its basis. One that changes rows moves the change number first, which no other transaction can do before
   * this one ends: so what it finds unchanged stays so.
   */
  #held(changes: boolean, basis: Basis | null): readonly Bound[] {
    const { numberIs, moveNumber, moveAnyNumber, readsHold } = this.statements
    if (basis?.reads === null) return [must('stale', (changes ? moveNumber : numberIs)({ number: basis.number }))]
    const moves = changes ? [moveAnyNumber({})] : []
    if (!basis || basis.reads.length === 0) return moves
    const held = { number: basis.number, own: moves.length, reads: JSON.stringify(basis.reads) }
    return [...moves, must('stale', readsHold(held))]
  }

  #logged(keys: readonly string[]): readonly Bound[] {
    if (keys.length === 0) return []
    return [this.statements.logChange({ keys: JSON.stringify(keys) }), this.statements.dropLogged({})]
  }

  #steps({ changes, nonce, event, further }: Commit, chain: GrowingChain | null): Bound[] {
    const steps: Bound[] = []
    if (nonce) steps.push(must('nonce-used', this.statements.nonce(nonce)))
    for (const change of changes)
      for (const { guarded, opening, otherwise } of stepsOf(change, this.statements)) {
        if (opening) steps.push(opening)
        steps.push(must(otherwise, guarded))
      }
    if (event && chain) steps.push(this.statements.event(chain.add(event)))
    if (further && chain) for (const one of further) steps.push(this.statements.event(chain.add(one)))
    return steps
  }

  /** PostgreSQL shows committed rows only after they are durable (synchronous_commit, its default). */
  async synced(): Promise<void> {}

  async dropNonces(now: number, limit: number): Promise<number> {
    return (await this.all(this.statements.dropNonces({ now, limit }))).length
  }

  async close(): Promise<void> {
    await this.#pool.end(5)
  }
}

function sent(connection: Connection, { text, values }: Bound) {
  return connection.unsafe(text, values, { prepare: true })
}

/**
 * Makes a guarded statement fail (division by zero) when it touched no row, so that a pipelined transaction aborts by itself. The
 * error carries the text, and so the outcome.
 */
function must(outcome: string, { text, values }: Bound): Bound {
  return { text: `/* ${outcome} */ WITH touched AS (${text}) SELECT 1 / (SELECT count(*) FROM touched)`, values }
}

const OUTCOMES = ['head moved', 'moved', 'full', 'nonce-used'] as const

function outcomeOf(error: unknown): Outcome | 'head moved' {
  const { code, query } = error as { code?: string; query?: string }
  if (code === '22012' && query?.startsWith('/* stale */')) throw new Stale()
  if (code === '22012') return OUTCOMES.find((outcome) => query?.startsWith(`/* ${outcome} */`)) ?? 'moved'
  if (code === '40001' || code === '40P01') return 'head moved'
  throw error
}

/** The change number after these calls are stored on their basis; null where changes of others may lie in between. */
function numberAfter(basis: Basis | null, stored: readonly Commit[]): number | null {
  if (basis?.reads !== null) return null
  return basis.number + (changedKeys(stored).length > 0 ? 1 : 0)
}

/** The number that the transaction moved it to, if that is the one behind its basis; else null. */
function numberIn(results: readonly PromiseSettledResult<unknown>[], basis: Basis | null): number | null {
  for (const result of results) {
    const [row] = result.status === 'fulfilled' ? (result.value as readonly { readonly moved_to?: number }[]) : []
    if (row?.moved_to !== undefined) return row.moved_to === (basis?.number ?? -1) + 1 ? row.moved_to : null
  }
  return null
}

/** For a transaction that locked the head, or leaves it alone: only an abort by the database, after a deadlock, reports it as moved. */
function onlyOutcome({ outcome, number }: Ended<Outcome | 'head moved'>): Ended<Outcome> {
  return { outcome: outcome === 'head moved' ? 'moved' : outcome, number }
}
