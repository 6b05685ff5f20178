// Committing: a call's changes, its nonce and its event, all or nothing.
import { refuse } from '../api/errors.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { changedKeys } from '../storage/rows.ts'
import { type Commit, type Outcome, type Storage, Unavailable } from '../storage/storage.ts'
import type { Alarm } from './alarm.ts'
import { alters, type Call, type Committed, prepared } from './call.ts'
import type { WatchfulChaining } from './chain.ts'
import { CommitQueue } from './commit-queue.ts'
import type { FollowedChanges } from './followed-changes.ts'
import type { KnownRecords } from './known-records.ts'
import type { RootWatch } from './root-watch.ts'
import { withSecondLook } from './second-look.ts'
import type { TrailHead } from './trail-head.ts'

interface Waiting {
  readonly call: Call
  readonly commit: Commit
  /** The epoch of the root keys that it was decided and is authenticated under. */
  readonly rootEpoch: number
  readonly resolve: (outcome: Committed) => void
  readonly reject: (error: unknown) => void
}

/** What a committer commits to, and what it keeps informed. */
export interface Targets {
  readonly storage: Storage
  readonly keys: RootKeys
  readonly roots: RootWatch
  readonly chaining: WatchfulChaining
  readonly known: KnownRecords
  readonly changes: FollowedChanges
  readonly trailHead: TrailHead
  readonly alarm: Alarm
  readonly runtime: Pick<Runtime, 'soon'>
}

export class Committer {
  readonly #targets: Targets
  readonly #queue: CommitQueue<Waiting>
  #refused = false

  constructor(targets: Targets) {
    this.#targets = targets
    const { storage, runtime } = targets
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
      const { rootEpoch = keys.epoch } = call
      this.#queue.add({ call, commit: prepared(call, keys), rootEpoch, resolve, reject })
    })
  }

  async #commitBatch(batch: readonly Waiting[]): Promise<void> {
    const { known, trailHead } = this.#targets
    try {
      const outcomes = await withSecondLook(this.#targets.roots, () => this.#store(batch))
      if (trailHead.reporting) await trailHead.reporting
      for (const [i, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[i] ?? 'moved'
        if (outcome === 'nonce-used') reject(refuse('SignatureNonceUsed'))
        else if (outcome === 'unavailable') reject(refuse('ServiceUnavailableTemporary'))
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
  }

  /** A batch that stored no event says nothing of the trail, which refuses all recorded calls where it was put back. */
  #noteOutcomes(batch: readonly Waiting[], outcomes: readonly Outcome[]): void {
    if (outcomes.includes('unavailable')) this.#refused = true
    else if (this.#refused && batch.some(({ call }, i) => call.event && outcomes[i] === 'committed'))
      this.#refused = false
  }

  /**
   * Brings the records in memory up to date with what was stored when the change number became `number`; null where others changed
   * something in between. Returns whether a call altered something: see alters.
   */
  #takeOver(batch: readonly Waiting[], outcomes: readonly Outcome[], number: number | null): boolean {
    const { keys, known, changes } = this.#targets
    const committed = batch.filter((_, i) => outcomes[i] === 'committed')
    const changed = committed.flatMap(({ commit }) => changedKeys([commit]))
    // After a later change was followed, what this batch stored may be an older state already.
    const isNews = number !== null && changed.length > 0 && changes.took(changed, number)
    let altered = false
    for (const [i, { call, commit, rootEpoch }] of batch.entries()) {
      const done = outcomes[i] === 'committed'
      if (done && isNews && rootEpoch === keys.epoch) known.apply(call.changes, commit.changes)
      else known.forget(call.changes)
      if (done && alters(call)) altered = true
    }
    return altered
  }

  /**
   * INVARIANT: nothing is committed under root keys that the database does not name any more, however long ago it was sealed: their
   * record is among what each batch is held against (FollowedChanges.commit).
   */
  #store(batch: readonly Waiting[]): Promise<readonly Outcome[]> {
    const { storage, chaining, changes } = this.#targets
    return changes.commit(async (basis) => {
      const current = batch.filter((waiting) => !this.#isOutdated(waiting))
      if (current.length === 0) return batch.map(() => 'moved')
      const commits = current.map(({ commit }) => commit)
      const last = commits.findLastIndex(({ event }) => event)
      const { event = null, further } = commits[last] ?? {}
      const chain = chaining.endingWith(further?.at(-1) ?? event)
      const { outcomes, number } = await storage.commit(
        commits,
        chain,
        basis(() => []),
      )
      if (outcomes[last] === 'committed') chain.acknowledged()
      this.#noteOutcomes(current, outcomes)
      if (this.#takeOver(current, outcomes, number)) this.#targets.trailHead.report()
      const outcomeOf = new Map(current.map((waiting, i) => [waiting, outcomes[i]]))
      return batch.map((waiting) => outcomeOf.get(waiting) ?? 'moved')
    })
  }

  /** Whether the call was decided under other root keys, so that what it sealed would soon not open. A mere event is sealed under none. */
  #isOutdated({ call, rootEpoch }: Waiting): boolean {
    return rootEpoch !== this.#targets.keys.epoch && (call.rootEpoch !== undefined || call.changes.length > 0)
  }
}
