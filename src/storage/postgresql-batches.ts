// Batches on PostgreSQL: each is one transaction. Where a call's guarded statement aborts it, its calls are tried one by one; where its
// connection is lost, the database is asked whether it is stored.
import type { Batch } from './joined-batches.ts'
import { isLost, within } from './lost-connection.ts'
import { reaching } from './postgresql-connections.ts'
import { KnownHead } from './postgresql-head.ts'
import type { LivePool } from './postgresql-pool.ts'
import { openSession, type Session } from './postgresql-session.ts'
import { type Ended, PostgresqlTransaction } from './postgresql-transaction.ts'
import { type HeldNumber, holdNumber } from './postgresql-turn.ts'
import type { Indexing } from './search.ts'
import type { Statements } from './statements.ts'
import {
  type EventStorage,
  type Head,
  type Outcome,
  type RowKey,
  Stale,
  type Stored,
  type Turn,
  Unavailable,
} from './storage.ts'

export class PostgresqlBatches {
  readonly #pool: LivePool
  readonly #statements: Statements
  readonly #events: EventStorage
  readonly #indexing: Indexing
  readonly #head = new KnownHead()

  constructor(pool: LivePool, statements: Statements, events: EventStorage, indexing: Indexing) {
    this.#pool = pool
    this.#statements = statements
    this.#events = events
    this.#indexing = indexing
  }

  /** As Storage.takeTurn. */
  async takeTurn(place: RowKey): Promise<Turn> {
    const begun = await this.#pool.using(async (pool) =>
      holdNumber(await openSession(pool, this.#pool.patienceMs), place, this.#statements),
    )
    const { pool } = begun.session
    let held: HeldNumber | null = begun
    const taken = () => {
      const mine = held
      held = null
      // The loss of its connection ends the transaction.
      return pool === this.#pool.current && !pool.closed ? mine : null
    }
    return {
      commit: (commits, chaining, basis) => this.commit({ commits, chaining, basis }, taken()),
      end: async () => {
        await taken()
          ?.rollBack()
          .catch(() => this.#pool.renew(pool))
      },
    }
  }

  /** As Storage.commit. In a turn, uses the transaction that the turn has begun. */
  async commit(batch: Batch, turn: HeldNumber | null): Promise<Stored> {
    const { commits } = batch
    const { outcome, moved, after } = await reaching(() => this.#transaction(batch, turn))
    if (outcome === 'committed' || commits.length - moved.size <= 1)
      return { outcomes: commits.map((one) => (moved.has(one) ? 'moved' : outcome)), ...after }
    return this.#oneByOne(batch)
  }

  async #oneByOne({ commits, chaining, basis }: Batch): Promise<Stored> {
    const outcomes: Outcome[] = []
    let present = basis
    let followed = true
    for (const [i, commit] of commits.entries())
      try {
        const own = present?.reads ? { ...present, reads: present.reads.slice(i, i + 1) } : present
        const one = { commits: [commit], chaining, basis: own }
        const { outcome, after } = await reaching(() => this.#transaction(one, null))
        const { number, others } = after
        outcomes.push(outcome)
        if (number === null || others) followed = false
        else if (present) present = { ...present, number }
      } catch (error) {
        // Earlier calls of the batch are stored, so the batch must not be committed again, whatever the error.
        const none = outcomes.every((outcome) => outcome !== 'committed')
        if (none && !(error instanceof Unavailable)) throw error
        outcomes.push(error instanceof Stale ? 'moved' : 'unavailable')
        followed = false
      }
    return { outcomes, number: followed && present ? present.number : null }
  }

  async #transaction(batch: Batch, turn: HeldNumber | null): Promise<Ended> {
    let session: Session | null = null
    let transaction: PostgresqlTransaction | null = null
    let lost = false
    const pool = this.#pool.open()
    try {
      session = turn?.session ?? (await openSession(pool, this.#pool.patienceMs))
      transaction = new PostgresqlTransaction(session, batch, this.#head, this.#statements, this.#indexing)
      return await transaction.commit(turn)
    } catch (error) {
      this.#head.set(null)
      lost = isLost(error)
      if (!lost) throw error
      this.#pool.renew(pool)
      // Without new events, the head is in the database in any case, so it would prove nothing.
      const grown = transaction?.grown
      if (transaction && grown && (await this.#isStored(grown, batch.chaining.place))) return transaction.ifStored()
      throw error
    } finally {
      if (!lost) session?.release()
    }
  }

  /**
   * Whether the last event of a lost transaction is in the chain. While the database still works on the transaction, that holds the lock on
   * the head. So locking the head first makes the answer certain. Throws when the database can't be reached.
   */
  async #isStored({ seq, hash }: Head, place: RowKey): Promise<boolean> {
    const { patienceMs } = this.#pool
    const { underWay } = this.#pool.current
    await within(patienceMs, this.#pool.all(this.#statements.lockHead(place)), underWay)
    const [event] = await within(patienceMs, this.#events.at([seq]), underWay)
    return event?.hash === hash
  }
}
