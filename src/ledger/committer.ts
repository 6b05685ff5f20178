// Committing: a call's changes, its nonce and its event, all or nothing.
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
import type { Alarm } from './alarm.ts'
import { alters, type Call, type Committed, prepared } from './call.ts'
import type { WatchfulChaining } from './chain.ts'
import { CommitQueue } from './commit-queue.ts'
import type { FollowedChanges } from './followed-changes.ts'
import type { HeldLane } from './held-lane.ts'
import type { KnownRecords } from './known-records.ts'
import type { RootWatch } from './root-watch.ts'
import { withSecondLook } from './second-look.ts'
import type { TrailHead } from './trail-head.ts'
import { Turns } from './turns.ts'
import type { LedgerView } from './view.ts'

interface Waiting {
  readonly call: Call
  readonly commit: Commit
  /** The epoch of the root keys that it was decided and is authenticated under. */
  readonly rootEpoch: number
  outcome: Outcome
  readonly resolve: (outcome: Committed) => void
  readonly reject: (error: unknown) => void
}

/** What a committer commits to, and what it keeps informed. */
export interface Targets {
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
  #refused = false

  constructor(targets: Targets) {
    this.#targets = targets
    const { storage, runtime } = targets
    this.#turns = new Turns(targets)
    this.#queue = new CommitQueue(storage.commitsAtOnce, (batch) => this.#commitBatch(batch), runtime)
  }

  /** Whether a batch could not be committed, and no recorded call was since. */
  get refused(): boolean {
    return this.#refused
  }

  /** Notes that a trial did what refused calls could not do. */
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
        // Decided again before that, it would be found to have moved once more.
        else if (outcome === 'moved' && isBehind) changes.follow().then(() => resolve(outcome), reject)
        // Other calls, also those of later batches, don't wait for it.
        else if (outcome === 'committed' && commit.scrub) storage.scrubbed().then(() => resolve(outcome), reject)
        else resolve(outcome)
      }
    } catch (error) {
      this.#refused = true
      await trailHead.note(error)
      const unavailable = error instanceof Unavailable
      this.#targets.alarm(unavailable ? 'the database can not be written' : 'a batch could not be committed', error)
      for (const { call, reject } of batch) {
        known.forget(call.changes)
        reject(refuse('ServiceUnavailableTemporary'))
      }
    }
    await turn?.end()
    if (late.length > 0) await this.#turns.take(late)
  }

  /** A batch that stored no event says nothing of the trail, which refuses all recorded calls where it was put back. */
  #noteOutcomes(events: readonly unknown[], outcomes: readonly Outcome[]): void {
    if (outcomes.includes('unavailable')) this.#refused = true
    else if (this.#refused && events.some((event, i) => event && outcomes[i] === 'committed')) this.#refused = false
  }

  /** Commits a batch that another process of this server decided on this basis, and chains its events. Throws Stale, Forged or Unavailable. */
  async commitFor(commits: readonly Commit[], basis: Basis | null): Promise<Stored> {
    const { storage, chaining, roots, trailHead } = this.#targets
    const last = commits.findLastIndex(({ event }) => event)
    const { event = null, further } = commits[last] ?? {}
    try {
      return await withSecondLook(roots, async () => {
        const chain = chaining.endingWith(further?.at(-1) ?? event)
        const stored = await storage.commit(commits, chain, basis)
        if (stored.outcomes[last] === 'committed') chain.acknowledged()
        this.#noteOutcomes(
          commits.map(({ event }) => event),
          stored.outcomes,
        )
        return stored
      })
    } catch (error) {
      if (!(error instanceof Stale)) {
        this.#refused = true
        await trailHead.note(error)
      }
      throw error
    }
  }

  /**
   * Brings the records in memory up to date with what was stored when the change number became `number`; null where others changed
   * something in between. Returns whether a call altered something: see alters.
   */
  #takeOver(stored: readonly Waiting[], number: number | null): boolean {
    const { keys, known, changes } = this.#targets
    const changed = changedKeys(stored.flatMap(({ commit, outcome }) => (outcome === 'committed' ? [commit] : [])))
    // After a later change was followed, what this batch stored may be an older state already.
    const isNews = number !== null && changed.length > 0 && changes.took(changed, number)
    let altered = false
    for (const { call, commit, rootEpoch, outcome } of stored) {
      const done = outcome === 'committed'
      if (done && isNews && rootEpoch === keys.epoch) known.apply(call.changes, commit.changes)
      else known.forget(call.changes)
      if (done && alters(call)) altered = true
    }
    return altered
  }

  /**
   * Stores what is current of a batch, and sets each call's outcome. Returns whether others may have changed something that was not followed.
   * INVARIANT: nothing is committed under root keys that the database does not name any more, however long ago it was sealed: their
   * record is among what each batch is held against (FollowedChanges.commit).
   */
  #store(batch: readonly Waiting[], turn: Turn | null): Promise<boolean> {
    const { storage, chaining, lane, changes, trailHead } = this.#targets
    const attempt = async (basis: (reads: () => readonly (readonly string[])[]) => Basis) => {
      const current = this.#currentOf(batch)
      if (current.length === 0) return false
      const commits = current.map(({ commit }) => commit)
      const last = commits.findLastIndex(({ event }) => event)
      const { event = null, further } = commits[last] ?? {}
      const chain = chaining.endingWith(further?.at(-1) ?? event)
      const { outcomes, number } = await (turn ?? storage).commit(
        commits,
        chain,
        basis(() => current.map(readsOf)),
      )
      if (outcomes[last] === 'committed') chain.acknowledged()
      for (const [i, waiting] of current.entries()) waiting.outcome = outcomes[i] ?? 'moved'
      this.#noteOutcomes(
        commits.map(({ event }) => event),
        outcomes,
      )
      if (this.#takeOver(current, number)) trailHead.report()
      return number === null
    }
    return lane.holding(() => changes.commit(attempt))
  }

  /**
   * The calls whose reads are as they were, in the order in which they took place: those that change nothing saw what was there before
   * the others, and of the others, those of the most attempts first, none has read what one before it changes.
   */
  #currentOf(batch: readonly Waiting[]): readonly Waiting[] {
    const current: Waiting[] = []
    const changing: Waiting[] = []
    for (const waiting of batch) {
      waiting.outcome = 'moved'
      if (this.#isMoved(waiting)) continue
      if (waiting.call.changes.length > 0) changing.push(waiting)
      else current.push(waiting)
    }
    if (changing.length < 2) return changing.length === 0 ? current : [...current, ...changing]
    const changed = new Set<string>()
    const attempt = ({ call }: Waiting) => call.view?.attempt ?? 1
    for (const waiting of changing.sort((one, other) => attempt(other) - attempt(one))) {
      if (waiting.call.view?.reads(true).some((key) => changed.has(key))) continue
      for (const key of changedKeys([waiting.commit])) changed.add(key)
      current.push(waiting)
    }
    return current
  }

  /**
   * Whether something that the call read has changed; or it was decided under other root keys, so that what it sealed would soon not
   * open. A mere event is sealed under none.
   */
  #isMoved({ call, rootEpoch }: Waiting): boolean {
    const { view, changes } = call
    if (view?.moved(changes.length > 0)) return true
    const decided = view ?? call.rootEpoch
    return rootEpoch !== this.#targets.keys.epoch && (decided !== undefined || changes.length > 0)
  }
}

/** What a call has read that its commit relies on: the places of lists only where it changes something. */
function readsOf({ call }: Waiting): readonly string[] {
  return call.view?.reads(call.changes.length > 0) ?? []
}
