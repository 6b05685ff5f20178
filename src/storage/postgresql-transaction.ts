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

/** The outcome of all calls but those in `moved`, and what is known of changes after the transaction. */
export interface Ended<O = Outcome> {
  readonly outcome: O
  readonly moved: ReadonlySet<Commit>
  readonly after: Omit<Stored, 'outcomes'>
}

/** A transaction that has begun. */
interface Begun {
  readonly chain: GrowingChain | null
  readonly moved: ReadonlySet<Commit>
  /** Whether the transaction has moved the change number, and what others changed before; null when its basis is still unchecked. */
  readonly held: { readonly moves: boolean; readonly changes: Changes } | null
}

const NONE: ReadonlySet<Commit> = new Set()

/** For one batch. Its methods reject with errors of the driver, Stale, or what GrowingChain throws. */
export class PostgresqlTransaction {
  readonly #session: Session
  readonly #batch: Batch
  readonly #isRecorded: boolean
  readonly #head: KnownHead
  readonly #statements: Statements
  readonly #indexing: Indexing
  /** The chain to which the batch adds events. */
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

  /** The end of the chain with the batch's events; null without new events. */
  get grown(): Head | null {
    return this.#chain?.hasGrown ? this.#chain.head : null
  }

  /**
   * Commits all calls for which the basis holds, or none of them; in a turn, in the turn's transaction. It takes one round trip, or two
   * after another server moved the head, or after others changed records.
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

  /** The result if the transaction is stored, although its connection was lost before the database confirmed it. */
  ifStored(): Ended {
    const { commits, basis } = this.#batch
    return { outcome: 'committed', moved: this.#moved, after: { number: numberAfter(basis, commits) } }
  }

  /**
   * Begins a transaction, and locks the head for the batch's events. For a basis with reads, it finds the calls for which the basis no
   * longer holds. If the batch changes rows, it first moves the change number, which no other transaction can then move before this one
   * ends: so what it finds unchanged stays unchanged.
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

  /** Ends a transaction that has begun: commits the calls for which the basis holds, if there are any. */
  async #finish(begun: Begun): Promise<Ended> {
    const { chain, moved } = begun
    demandOpen(this.#session.pool)
    const held = this.#batch.commits.filter((commit) => !moved.has(commit))
    if (held.length > 0) return onlyOutcome(await this.#attempt(held, chain, begun))
    await this.#session.rollBack()
    return { outcome: 'moved', moved, after: this.#after([], begun) }
  }

  /** Commits all of these calls, or none, in the begun transaction, or in one that begins with them. */
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
      head && chain ? stepsOf({ change: 'update', row: head, before: chain.before }, this.#statements, NO_INDEXING) : []
    const queries = [
      ...(begun ? [] : [session.begin()]),
      ...moves.map(({ guarded }) => session.send(must('head moved', guarded))),
      // After the head's update: a transaction that has to wait for another one waits at the head, and then sees the change number as the
      // other left it.
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

  /** What is known of changes after these calls are stored. */
  #after(stored: readonly Commit[], begun: Begun | null): Omit<Stored, 'outcomes'> {
    const { held = null } = begun ?? {}
    if (!held) return { number: numberAfter(this.#batch.basis, stored) }
    const { number, keys } = held.changes
    if (!keys) return { number: null }
    const others = keys.length > 0 ? { others: { number, keys } } : {}
    return { number: number + Number(held.moves && stored.length > 0), ...others }
  }

  /** The statements that store the calls. When events can't be chained, ends a begun transaction, and throws. */
  async #steps(commits: readonly Commit[], chain: GrowingChain | null, hasBegun: boolean): Promise<readonly Bound[]> {
    try {
      return storingAll(commits, chain, this.#statements, this.#indexing)
    } catch (error) {
      if (hasBegun) await this.#session.rollBack()
      throw error
    }
  }
}

/** The change number after these calls are stored on their basis; null when others may have changed something in between. */
function numberAfter(basis: Basis | null, stored: readonly Commit[]): number | null {
  if (basis?.reads !== null) return null
  return basis.number + (changedKeys(stored).length > 0 ? 1 : 0)
}

/** For a transaction that locked the head, or does not touch it: only the database's abort of a deadlock reports the head as moved. */
function onlyOutcome({ outcome, ...ended }: Ended<Outcome | 'head moved'>): Ended {
  return { ...ended, outcome: outcome === 'head moved' ? 'moved' : outcome }
}
