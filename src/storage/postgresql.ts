// The shared store: PostgreSQL. A batch is one pipelined transaction; a guarded statement that touches no row aborts it, and its calls
// are tried one by one. The head of the lane that the server records in is known from memory, so that a batch waits for no other server;
// after another process moved it, the head is read and locked first. After others changed records, the transaction first finds out which of
// its calls read one of these, and goes on with the rest: it has waited for its turn, and does not lose it.
import { GrowingChain } from './growing-chain.ts'
import { isLost, settled, within } from './lost-connection.ts'
import { type Connection, closedError, connect, type Pool, reaching, reserve } from './postgresql-connections.ts'
import { DURABILITY_SETTINGS, durabilityRisks } from './postgresql-durability.ts'
import { guards, logging, must, outcomeOf, storing } from './postgresql-guards.ts'
import { migratePostgresql } from './postgresql-migration.ts'
import { type HeldNumber, holdNumber } from './postgresql-turn.ts'
import { type Columns, changedKeys, movedCalls, stepsOf, toChanges, toRow } from './rows.ts'
import { type Indexing, NO_INDEXING, type Opening, UNINDEXED } from './search.ts'
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
  type Turn,
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
const begin = (idleMs: number) =>
  `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = ${TRANSACTION_PATIENCE_MS}; SET LOCAL idle_in_transaction_session_timeout = ${idleMs}`
const BEGIN = begin(TRANSACTION_PATIENCE_MS)
/** The same for a transaction that holds the change number for two round trips: all that change records wait for it. */
const BEGIN_HOLDING = begin(2000)

/** Connects to the database that `url` names and migrates it. Throws Unavailable. `patienceMs` is for tests. */
export async function openPostgresql(
  url: string,
  opening: Opening = UNINDEXED,
  patienceMs = PATIENCE_MS,
): Promise<Storage> {
  const pool = connect(url)
  try {
    await reaching(() => migratePostgresql(pool.sql, opening))
    const risks = durabilityRisks(await reaching(() => pool.sql.unsafe(DURABILITY_SETTINGS)))
    return new PostgresqlStorage(pool, () => connect(url), opening.indexing, patienceMs, risks)
  } catch (error) {
    await pool.end(0)
    throw error
  }
}

/** How a transaction ended, for all calls but those that are `moved`, and what the change number is after it: see Stored. */
interface Ended<O> {
  readonly outcome: O
  readonly number: number | null
  readonly moved: ReadonlySet<Commit>
}

/** A transaction that has begun. */
interface Begun {
  readonly chain: GrowingChain | null
  readonly moved: ReadonlySet<Commit>
  /** Whether it moved the change number, and what that was before; null where it is still to be held against its basis. */
  readonly held: { readonly moves: boolean; readonly number: number } | null
}

const NONE: ReadonlySet<Commit> = new Set()

class PostgresqlStorage extends StoredRows implements Storage {
  // Each batch moves the head of the lane: a second one would only wait for the first.
  readonly commitsAtOnce = 1
  readonly failure = null
  readonly risks: readonly string[]
  #pool: Pool
  readonly #connect: () => Pool
  readonly #indexing: Indexing
  readonly #patienceMs: number
  readonly events = new StoredEvents(this.statements, (bound) => this.all(bound))
  /** The head's row as this server last wrote or read it. */
  #head: Row | null = null

  constructor(pool: Pool, connect: () => Pool, indexing: Indexing, patienceMs: number, risks: readonly string[]) {
    super(statements('postgresql'))
    this.#pool = pool
    this.#connect = connect
    this.#indexing = indexing
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

  protected sought(bound: Bound): Promise<readonly Columns[]> {
    return this.all(bound)
  }

  commit(batch: readonly Commit[], chaining: Chaining, basis: Basis | null): Promise<Stored> {
    return this.#commit(batch, chaining, basis, null)
  }

  async takeTurn(place: RowKey): Promise<Turn> {
    if (this.#pool.closed) this.#renew(this.#pool)
    const pool = this.#pool
    let held: HeldNumber | null = await reaching(async () => {
      try {
        const connection = await within(CONNECTION_PATIENCE_MS, reserve(pool), pool.underWay)
        this.#demandOpen(pool)
        return await holdNumber(pool, connection, BEGIN_HOLDING, place, this.statements, this.#patienceMs)
      } catch (error) {
        if (isLost(error)) this.#renew(pool)
        throw error
      }
    })
    const taken = () => {
      const mine = held
      held = null
      // With its connection the transaction is gone.
      return pool === this.#pool && !pool.closed ? mine : null
    }
    return {
      commit: (batch, chaining, basis) => this.#commit(batch, chaining, basis, taken()),
      end: async () => {
        await taken()
          ?.rollBack()
          .catch(() => this.#renew(pool))
      },
    }
  }

  async #commit(
    batch: readonly Commit[],
    chaining: Chaining,
    basis: Basis | null,
    turn: HeldNumber | null,
  ): Promise<Stored> {
    const { outcome, number, moved } = await reaching(() => this.#transaction(batch, chaining, basis, turn))
    if (outcome === 'committed' || batch.length - moved.size <= 1)
      return { outcomes: batch.map((one) => (moved.has(one) ? 'moved' : outcome)), number }
    return this.#oneByOne(batch, chaining, basis)
  }

  async #oneByOne(batch: readonly Commit[], chaining: Chaining, basis: Basis | null): Promise<Stored> {
    const outcomes: Outcome[] = []
    let present = basis
    let followed = true
    for (const [i, commit] of batch.entries())
      try {
        const own = present?.reads ? { ...present, reads: present.reads.slice(i, i + 1) } : present
        const { outcome, number } = await reaching(() => this.#transaction([commit], chaining, own))
        outcomes.push(outcome)
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

  /**
   * Commits all of the calls but those that are `moved` by the basis, or none; in a turn, in the transaction that it has begun. It takes one
   * round trip, and two after another server moved the head, or after others changed records.
   */
  async #transaction(
    batch: readonly Commit[],
    chaining: Chaining,
    basis: Basis | null,
    turn: HeldNumber | null = null,
  ): Promise<Ended<Outcome>> {
    let connection: Connection | null = null
    let chain: GrowingChain | null = null
    let moved = NONE
    let lost = false
    if (this.#pool.closed) this.#renew(this.#pool)
    const pool = this.#pool
    try {
      connection = turn?.connection ?? (await within(CONNECTION_PATIENCE_MS, reserve(pool), pool.underWay))
      this.#demandOpen(pool)
      const isRecorded = batch.some(({ event }) => event)
      if (!basis?.reads && !turn) {
        chain = isRecorded ? this.#remembered(chaining, basis) : null
        const ended = chain || !isRecorded ? await this.#attempt(pool, connection, batch, chain, basis, null) : null
        if (ended && !(isRecorded && ended.outcome === 'head moved')) return onlyOutcome(ended)
        chain = null
        this.#demandOpen(pool)
      }
      const begun = turn
        ? { chain: isRecorded ? await turn.chain(chaining, basis) : null, moved: NONE, held: null }
        : await this.#begin(pool, connection, batch, chaining, basis)
      chain = begun.chain
      moved = begun.moved
      return await this.#finish(pool, connection, batch, basis, begun)
    } catch (error) {
      this.#head = null
      lost = isLost(error)
      if (!lost) throw error
      this.#renew(pool)
      // The head of a chain that has not grown is stored in any case.
      if (chain?.hasGrown && (await this.#isStored(chain.head, chaining.place)))
        return { outcome: 'committed', number: numberAfter(basis, batch), moved }
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

  /**
   * Begins a transaction that locks the head for the events of the batch until it ends. With reads, it finds out which of the calls it does
   * not hold for; where the batch changes rows, it moves the change number before, which no other transaction can do before this one ends:
   * so what it finds unchanged stays so.
   */
  async #begin(
    pool: Pool,
    connection: Connection,
    batch: readonly Commit[],
    chaining: Chaining,
    basis: Basis | null,
  ): Promise<Begun> {
    const { lockHead, moveAnyNumber, changesSince } = this.statements
    const reads = basis?.reads ?? null
    const isRecorded = batch.some(({ event }) => event)
    const moves = reads !== null && changedKeys(batch).length > 0
    const begun = connection.unsafe(moves ? BEGIN_HOLDING : BEGIN)
    const locked = isRecorded ? sent(connection, lockHead(chaining.place)) : []
    const moving = moves ? sent(connection, moveAnyNumber({})) : []
    const log = reads && basis ? sent(connection, changesSince({ number: basis.number })) : []
    try {
      // The driver sends a query when it is waited for.
      const inOrder = Promise.all([begun, locked, moving, log])
      const [, [row], , rows] = await within(this.#patienceMs, inOrder, pool.underWay)
      const chain = isRecorded ? new GrowingChain(row ? toRow(row) : null, chaining, basis?.number ?? null) : null
      if (!reads || !basis) return { chain, moved: NONE, held: null }
      const changes = toChanges(rows, basis.number, Number(moves))
      const isMoved = movedCalls(reads, changes)
      const moved = new Set(batch.filter((_, i) => isMoved[i]))
      return { chain, moved, held: { moves, number: changes.number } }
    } catch (error) {
      if (!isLost(error)) await this.#rollBack(pool, connection)
      throw error
    }
  }

  /** Ends a transaction that has begun: commits the calls that it holds for, if there are any. */
  async #finish(
    pool: Pool,
    connection: Connection,
    batch: readonly Commit[],
    basis: Basis | null,
    begun: Begun,
  ): Promise<Ended<Outcome>> {
    const { chain, moved } = begun
    this.#demandOpen(pool)
    const held = batch.filter((one) => !moved.has(one))
    if (held.length > 0) return onlyOutcome(await this.#attempt(pool, connection, held, chain, basis, begun))
    await this.#rollBack(pool, connection)
    return { outcome: 'moved', number: null, moved }
  }

  /** The statements that store the batch. Where events can't be chained, ends the transaction if it has begun, and throws. */
  async #steps(
    pool: Pool,
    connection: Connection,
    batch: readonly Commit[],
    chain: GrowingChain | null,
    hasBegun: boolean,
  ): Promise<readonly Bound[]> {
    try {
      return batch.flatMap((commit) => storing(commit, chain, this.statements, this.#indexing))
    } catch (error) {
      if (hasBegun) await this.#rollBack(pool, connection)
      throw error
    }
  }

  async #rollBack(pool: Pool, connection: Connection): Promise<void> {
    await within(this.#patienceMs, connection.unsafe('ROLLBACK'), pool.underWay)
  }

  /** Commits all of the calls, or none, in a transaction that has begun, or else begins with it. */
  async #attempt(
    pool: Pool,
    connection: Connection,
    batch: readonly Commit[],
    chain: GrowingChain | null,
    basis: Basis | null,
    begun: Begun | null,
  ): Promise<Ended<Outcome | 'head moved'>> {
    const { moved = NONE, held = null } = begun ?? {}
    const steps = await this.#steps(pool, connection, batch, chain, begun !== null)
    const keys = changedKeys(batch)
    const head = chain?.row() ?? null
    const moves =
      head && chain ? stepsOf({ change: 'update', row: head, from: chain.from }, this.statements, NO_INDEXING) : []
    const queries = [
      ...(begun ? [] : [connection.unsafe(BEGIN)]),
      ...moves.map(({ guarded }) => sent(connection, must('head moved', guarded))),
      // Behind the head: who waits for another server's transaction waits there, and then meets the number as it left it.
      ...(held ? [] : guards(keys.length > 0, basis, this.statements)).map((step) => sent(connection, step)),
      ...steps.map((step) => sent(connection, step)),
      ...(held?.moves || keys.length > 0 ? logging(keys, this.statements) : []).map((step) => sent(connection, step)),
      connection.unsafe('COMMIT'),
    ]
    const results = await within(this.#patienceMs, settled(queries), pool.underWay)
    const failure = results.find((result) => result.status === 'rejected')
    if (chain) this.#head = failure ? null : head
    if (failure) return { outcome: outcomeOf(failure.reason), number: numberAfter(basis, []), moved }
    const number = held?.number === basis?.number ? (held?.number ?? 0) + Number(held?.moves) : null
    return { outcome: 'committed', number: held ? number : numberAfter(basis, batch), moved }
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

/** The change number after these calls are stored on their basis; null where changes of others may lie in between. */
function numberAfter(basis: Basis | null, stored: readonly Commit[]): number | null {
  if (basis?.reads !== null) return null
  return basis.number + (changedKeys(stored).length > 0 ? 1 : 0)
}

/** For a transaction that locked the head, or leaves it alone: only an abort by the database, after a deadlock, reports it as moved. */
function onlyOutcome({ outcome, ...ended }: Ended<Outcome | 'head moved'>): Ended<Outcome> {
  return { ...ended, outcome: outcome === 'head moved' ? 'moved' : outcome }
}
