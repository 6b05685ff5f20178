// One transaction on PostgreSQL, of one batch: all of its statements go to the database at once. The head of the lane is known from memory;
// after another process moved it, the head is read and locked first. After others changed records, the transaction first finds out which of
// its calls read one of these, and goes on with the rest: it has waited for its turn, and does not lose it.
import { GrowingChain } from './growing-chain.ts'
import type { Batch } from './joined-batches.ts'
import { isLost, settled } from './lost-connection.ts'
import { demandOpen } from './postgresql-connections.ts'
import { guards, logging, must, outcomeOf, storingAll } from './postgresql-guards.ts'
import type { KnownHead } from './postgresql-head.ts'
import type { Session } from './postgresql-session.ts'
import type { HeldNumber } from './postgresql-turn.ts'
import { changedKeys, movedCalls, stepsOf, toChanges, toRow } from './rows.ts'
import { type Indexing, NO_INDEXING } from './search.ts'
import type { Bound } from './statement.ts'
import type { Statements } from './statements.ts'
import type { Basis, Changes, Commit, Head, Outcome, Stored } from './storage.ts'

/** How a transaction ended, for all calls but those that are `moved`, and what is known of changes after it. */
export interface Ended<O = Outcome> {
  readonly outcome: O
  readonly moved: ReadonlySet<Commit>
  readonly after: Omit<Stored, 'outcomes'>
}

/** A transaction that has begun. */
interface Begun {
  readonly chain: GrowingChain | null
  readonly moved: ReadonlySet<Commit>
  /** Whether it moved the change number, and what others have changed before; null where it is still to be held against its basis. */
  readonly held: { readonly moves: boolean; readonly changes: Changes } | null
}

const NONE: ReadonlySet<Commit> = new Set()

/** Good for one batch. All that it does rejects with errors of the driver, Stale, or what GrowingChain throws. */
export class PostgresqlTransaction {
  readonly #session: Session
  readonly #batch: Batch
  readonly #isRecorded: boolean
  readonly #head: KnownHead
  readonly #statements: Statements
  readonly #indexing: Indexing
  /** What the batch adds to. */
  #chain: GrowingChain | null = null
  #moved = NONE

  constructor(session: Session, batch: Batch, head: KnownHead, statements: Statements, indexing: Indexing) {
    this.#session = session
    this.#batch = batch
    this.#isRecorded = batch.commits.some(({ event }) => event)
    this.#head = head
    this.#statements = statements
    this.#indexing = indexing
  }

  /** Where the chain ends with the events of the batch; null where it got none. */
  get grown(): Head | null {
    return this.#chain?.hasGrown ? this.#chain.head : null
  }

  /**
   * Commits all of the calls but those that are `moved` by the basis, or none; in a turn, in the transaction that it has begun. It takes one
   * round trip, and two after another server moved the head, or after others changed records.
   */
  async commit(turn: HeldNumber | null): Promise<Ended> {
    const { commits, chaining, basis } = this.#batch
    if (!basis?.reads && !turn) {
      const chain = this.#isRecorded ? this.#head.chain(chaining, basis) : null
      this.#chain = chain
      const ended = chain || !this.#isRecorded ? await this.#attempt(commits, chain, null) : null
      if (ended && !(this.#isRecorded && ended.outcome === 'head moved')) return onlyOutcome(ended)
      this.#chain = null
      demandOpen(this.#session.pool)
    }
    const begun = turn
      ? { chain: this.#isRecorded ? await turn.chain(chaining, basis) : null, moved: NONE, held: null }
      : await this.#begin()
    this.#chain = begun.chain
    this.#moved = begun.moved
    return this.#finish(begun)
  }

  /** How it has ended if it is stored, though its connection was lost before the database said so. */
  ifStored(): Ended {
    const { commits, basis } = this.#batch
    return { outcome: 'committed', moved: this.#moved, after: { number: numberAfter(basis, commits) } }
  }

  /**
   * Begins a transaction that locks the head for the events of the batch until it ends. With reads, it finds out which of the calls it does
   * not hold for; where the batch changes rows, it moves the change number before, which no other transaction can do before this one ends:
   * so what it finds unchanged stays so.
   */
  async #begin(): Promise<Begun> {
    const session = this.#session
    const { commits, chaining, basis } = this.#batch
    const { lockHead, moveAnyNumber, changesSince } = this.#statements
    const reads = basis?.reads ?? null
    const moves = reads !== null && changedKeys(commits).length > 0
    const begun = moves ? session.beginHolding() : session.begin()
    const locked = this.#isRecorded ? session.send(lockHead(chaining.place)) : []
    const moving = moves ? session.send(moveAnyNumber({})) : []
    const log = reads && basis ? session.send(changesSince({ number: basis.number })) : []
    try {
      const inOrder = Promise.all([begun, locked, moving, log])
      const [, [row], , rows] = await session.answered(inOrder)
      const chain = this.#isRecorded ? new GrowingChain(row ? toRow(row) : null, chaining, basis?.number ?? null) : null
      if (!reads || !basis) return { chain, moved: NONE, held: null }
      const changes = toChanges(rows, basis.number, Number(moves))
      const isMoved = movedCalls(reads, changes)
      const moved = new Set(commits.filter((_, i) => isMoved[i]))
      return { chain, moved, held: { moves, changes } }
    } catch (error) {
      if (!isLost(error)) await session.rollBack()
      throw error
    }
  }

  /** Ends a transaction that has begun: commits the calls that it holds for, if there are any. */
  async #finish(begun: Begun): Promise<Ended> {
    const { chain, moved } = begun
    demandOpen(this.#session.pool)
    const held = this.#batch.commits.filter((one) => !moved.has(one))
    if (held.length > 0) return onlyOutcome(await this.#attempt(held, chain, begun))
    await this.#session.rollBack()
    return { outcome: 'moved', moved, after: this.#after([], begun) }
  }

  /** Commits all of the calls, or none, in a transaction that has begun, or else begins with it. */
  async #attempt(
    commits: readonly Commit[],
    chain: GrowingChain | null,
    begun: Begun | null,
  ): Promise<Ended<Outcome | 'head moved'>> {
    const session = this.#session
    const { basis } = this.#batch
    const { moved = NONE, held = null } = begun ?? {}
    const steps = await this.#steps(commits, chain, begun !== null)
    const keys = changedKeys(commits)
    const head = chain?.row() ?? null
    const moves =
      head && chain ? stepsOf({ change: 'update', row: head, from: chain.from }, this.#statements, NO_INDEXING) : []
    const queries = [
      ...(begun ? [] : [session.begin()]),
      ...moves.map(({ guarded }) => session.send(must('head moved', guarded))),
      // Behind the head: who waits for another server's transaction waits there, and then meets the number as it left it.
      ...(held ? [] : guards(keys.length > 0, basis, this.#statements)).map((step) => session.send(step)),
      ...steps.map((step) => session.send(step)),
      ...(held?.moves || keys.length > 0 ? logging(keys, this.#statements) : []).map((step) => session.send(step)),
      session.commit(),
    ]
    const results = await session.answered(settled(queries))
    const failure = results.find((result) => result.status === 'rejected')
    if (chain) this.#head.set(failure ? null : head)
    if (failure) return { outcome: outcomeOf(failure.reason), moved, after: this.#after([], begun) }
    return { outcome: 'committed', moved, after: this.#after(commits, begun) }
  }

  /** What is known of changes after these calls were stored. */
  #after(stored: readonly Commit[], begun: Begun | null): Omit<Stored, 'outcomes'> {
    const { held = null } = begun ?? {}
    if (!held) return { number: numberAfter(this.#batch.basis, stored) }
    const { number, keys } = held.changes
    if (!keys) return { number: null }
    const others = keys.length > 0 ? { others: { number, keys } } : {}
    return { number: number + Number(held.moves && stored.length > 0), ...others }
  }

  /** The statements that store the calls. Where events can't be chained, ends the transaction if it has begun, and throws. */
  async #steps(commits: readonly Commit[], chain: GrowingChain | null, hasBegun: boolean): Promise<readonly Bound[]> {
    try {
      return storingAll(commits, chain, this.#statements, this.#indexing)
    } catch (error) {
      if (hasBegun) await this.#session.rollBack()
      throw error
    }
  }
}

/** The change number after these calls are stored on their basis; null where changes of others may lie in between. */
function numberAfter(basis: Basis | null, stored: readonly Commit[]): number | null {
  if (basis?.reads !== null) return null
  return basis.number + (changedKeys(stored).length > 0 ? 1 : 0)
}

/** For a transaction that locked the head, or leaves it alone: only an abort by the database, after a deadlock, reports it as moved. */
function onlyOutcome({ outcome, ...ended }: Ended<Outcome | 'head moved'>): Ended {
  return { ...ended, outcome: outcome === 'head moved' ? 'moved' : outcome }
}
