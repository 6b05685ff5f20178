// Commits a call's changes, its nonce and its event, all or nothing. Calls that arrive together form one batch (batch.ts). Each of them
// learns its outcome once the batch is stored.
import { refuse } from '../api/errors.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { changedKeys } from '../storage/rows.ts'
import {
  type Basis,
  type Commit,
  type Outcome,
  Stale,
  type Storage,
  type Stored,
  type Turn,
  Unavailable,
} from '../storage/storage.ts'
import { type Alarm, ofCalls } from './alarm.ts'
import { currentOf, readsOf, type Waiting } from './batch.ts'
import { alters, type Call, type Committed, prepared } from './call.ts'
import type { WatchfulChaining } from './chain.ts'
import { CommitQueue } from './commit-queue.ts'
import type { FollowedChanges, Store } from './followed-changes.ts'
import type { HeldLane } from './held-lane.ts'
import type { KnownRecords } from './known-records.ts'
import type { RootWatch } from './root-watch.ts'
import { withSecondLook } from './second-look.ts'
import type { TrailHead } from './trail-head.ts'
import { Turns } from './turns.ts'
import type { LedgerView } from './view.ts'

/** What a committer commits to, and the parts that it keeps up to date. */
interface Targets {
  readonly storage: Storage
  readonly keys: RootKeys
  readonly roots: RootWatch
  readonly chaining: WatchfulChaining
  readonly lane: HeldLane
  readonly known: KnownRecords
  readonly changes: FollowedChanges
  readonly trailHead: TrailHead
  readonly alarm: Alarm
  readonly runtime: Pick<Runtime, 'soon' | 'after' | 'monotonic'>
}

export class Committer {
  readonly #targets: Targets
  readonly #queue: CommitQueue<Waiting>
  readonly #turns: Turns
  readonly #alarm: Alarm
  #refused = false

  constructor(targets: Targets) {
    this.#targets = targets
    const { storage, runtime, alarm } = targets
    this.#alarm = ofCalls(alarm, runtime)
    this.#turns = new Turns(targets)
    this.#queue = new CommitQueue(storage, (batch) => this.#commitBatch(batch), runtime)
  }

  /** Whether a batch failed, and no recorded call has been committed since. */
  get refused(): boolean {
    return this.#refused
  }

  /** Notes that a trial succeeded after calls had been refused. */
  passed(): void {
    this.#refused = false
  }

  /** See Ledger.commit. */
  commit(call: Call): Promise<Committed> {
    const { keys } = this.#targets
    return new Promise((resolve, reject) => {
      const rootEpoch = call.view?.rootEpoch ?? call.rootEpoch ?? keys.epoch
      const waiting = { call, commit: prepared(call, keys), rootEpoch, outcome: 'moved', resolve, reject } as const
      this.#queue.add(waiting, this.#turns.arrived(call.view))
    })
  }

  /**
   * Commits a batch that another process of this server decided on this basis, and chains its events. Throws Stale, Forged or Unavailable.
   */
  async commitFor(commits: readonly Commit[], basis: Basis | null): Promise<Stored> {
    const { storage, roots, trailHead } = this.#targets
    try {
      return await withSecondLook(roots, () => this.#chained(commits, storage, basis))
    } catch (error) {
      if (!(error instanceof Stale)) {
        this.#refused = true
        await trailHead.note(error)
      }
      throw error
    }
  }

  /** See Ledger.ended. */
  ended(view: LedgerView): void {
    this.#turns.ended(view)
  }

  async #commitBatch(batch: readonly Waiting[]): Promise<void> {
    const { storage, known, changes, trailHead } = this.#targets
    const turn = this.#turns.next()
    const late: Waiting[] = []
    try {
      const isBehind = await withSecondLook(this.#targets.roots, () => this.#store(batch, turn))
      if (trailHead.reporting) await trailHead.reporting
      for (const waiting of batch) {
        const { call, commit, outcome, resolve, reject } = waiting
        if (outcome === 'moved' && this.#turns.isLate(call.view, isBehind)) late.push(waiting)
        else if (outcome === 'nonce-used') reject(refuse('SignatureNonceUsed'))
        else if (outcome === 'unavailable') reject(refuse('ServiceUnavailableTemporary'))
        // The call decides again only after this server has followed the changes. Otherwise it would be moved once more.
        else if (outcome === 'moved' && isBehind) changes.follow().then(() => resolve(outcome), reject)
        // Only this call waits for the scrub; other calls, and later batches, do not.
        else if (outcome === 'committed' && commit.scrub) storage.scrubbed().then(() => resolve(outcome), reject)
        else resolve(outcome)
      }
    } catch (error) {
      this.#refused = true
      await trailHead.note(error)
      const unavailable = error instanceof Unavailable
      this.#alarm(unavailable ? 'the database can not be written' : 'a batch could not be committed', error)
      for (const { commit, reject } of batch) {
        known.forget(commit.changes)
        reject(refuse('ServiceUnavailableTemporary'))
      }
    }
    await turn?.end()
    if (late.length > 0) await this.#turns.take(late)
  }

  /**
   * Stores the calls of a batch that are current, and sets the outcome of each call. Returns whether others may have changed something that
   * this server has not followed. INVARIANT: nothing is committed under root keys that the database no longer names, however long ago it
   * was sealed: the record of the root keys is part of each batch's basis (FollowedChanges.commit).
   */
  #store(batch: readonly Waiting[], turn: Turn | null): Promise<boolean> {
    const { storage, keys, lane, changes, trailHead } = this.#targets
    const attempt = async (store: Store) => {
      const current = currentOf(batch, keys.epoch)
      if (current.length === 0) return false
      const commits = current.map(({ commit }) => commit)
      const { outcomes, number } = await store(
        () => current.map(readsOf),
        (basis) => this.#chained(commits, turn ?? storage, basis),
      )
      for (const [i, waiting] of current.entries()) waiting.outcome = outcomes[i] ?? 'moved'
      if (this.#takeOver(current, number)) trailHead.report()
      return number === null
    }
    return lane.holding(() => changes.commit(attempt, turn !== null))
  }

  /** Commits a batch and chains its events. Once the last event is stored, no earlier head is accepted any more. */
  async #chained(commits: readonly Commit[], to: Pick<Turn, 'commit'>, basis: Basis | null): Promise<Stored> {
    const last = commits.findLastIndex(({ event }) => event)
    const { event = null, further } = commits[last] ?? {}
    const chain = this.#targets.chaining.endingWith(further?.at(-1) ?? event)
    const stored = await to.commit(commits, chain, basis)
    if (stored.outcomes[last] === 'committed') chain.acknowledged()
    this.#noteOutcomes(commits, stored.outcomes)
    return stored
  }

  /**
   * A batch without events says nothing about the trail: when the database was restored from an older copy, the trail refuses all recorded
   * calls.
   */
  #noteOutcomes(commits: readonly Commit[], outcomes: readonly Outcome[]): void {
    if (outcomes.includes('unavailable')) this.#refused = true
    else if (this.#refused && commits.some(({ event }, i) => event && outcomes[i] === 'committed'))
      this.#refused = false
  }

  /**
   * Updates the records in memory with what was stored when the change number became `number`; null means that others changed something in
   * between that was not followed. Returns whether a call altered something: see alters.
   */
  #takeOver(stored: readonly Waiting[], number: number | null): boolean {
    const { keys, known, changes } = this.#targets
    const changed = changedKeys(stored.flatMap(({ commit, outcome }) => (outcome === 'committed' ? [commit] : [])))
    // When a later change has been followed already, the rows of this batch may be an older state.
    const isNews = number !== null && changed.length > 0 && changes.took(changed, number)
    let altered = false
    for (const { call, commit, rootEpoch, outcome } of stored) {
      const done = outcome === 'committed'
      if (done && isNews && rootEpoch === keys.epoch) known.apply(commit.changes)
      else known.forget(commit.changes)
      if (done && alters(call)) altered = true
    }
    return altered
  }
}
