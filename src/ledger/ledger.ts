// The ledger: calls read stored records through it and commit by it. It combines its parts: reading (reader.ts) through the records in
// memory (known-records.ts), committing (committer.ts) in batches (commit-queue.ts), the watch on the root keys in use (root-watch.ts,
// second-look.ts), and the head of the trail with its witness (trail-head.ts).
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Basis, Commit, RowKey, Storage, Stored, Unavailable } from '../storage/storage.ts'
import type { Alarm } from './alarm.ts'
import type { Call, Committed } from './call.ts'
import { chaining } from './chain.ts'
import { Committer } from './committer.ts'
import { FollowedChanges } from './followed-changes.ts'
import { HeldLane } from './held-lane.ts'
import { KnownRecords } from './known-records.ts'
import { Reader } from './reader.ts'
import type { Recorded } from './record.ts'
import type { RootWatch } from './root-watch.ts'
import { TrailHead, type TrailWitness } from './trail-head.ts'
import { Trial } from './trial.ts'
import { LedgerView } from './view.ts'

export class Ledger extends Reader {
  readonly #storage: Storage
  readonly #keys: RootKeys
  readonly #known: KnownRecords
  readonly #changes: FollowedChanges
  readonly #committer: Committer
  readonly #trailHead: TrailHead
  readonly #trial: Trial
  /** The lane of the trail in which this process records. */
  readonly lane: HeldLane

  constructor(storage: Storage, keys: RootKeys, alarm: Alarm, roots: RootWatch, runtime: Runtime) {
    const chain = chaining(keys)
    const known = new KnownRecords(keys)
    const changes = new FollowedChanges({ storage, known, roots, alarm })
    const trailHead = new TrailHead({ storage, keys, chaining: chain, roots, changes, alarm })
    const lane = new HeldLane({ storage, keys, chaining: chain, roots, changes, runtime })
    const parts = { storage, keys, roots, chaining: chain, lane, known, changes, trailHead, alarm, runtime }
    super(parts)
    this.lane = lane
    this.#storage = storage
    this.#keys = keys
    this.#known = known
    this.#changes = changes
    this.#trailHead = trailHead
    this.#committer = new Committer(parts)
    this.#trial = new Trial(this.#committer, trailHead)
  }

  /** Sets the witness. From now on, the ledger reports to it every change that must not be undone unnoticed. */
  witnessedBy(witness: TrailWitness): void {
    this.#trailHead.witnessedBy(witness)
  }

  /** Identifies the root keys in use: see Call.rootEpoch. */
  get rootEpoch(): number {
    return this.#keys.epoch
  }

  /** Why nothing can be committed until a restart; or null. */
  get failure(): Unavailable | null {
    return this.#storage.failure
  }

  /**
   * Whether calls can be committed: the last batch was, or a trial at `now` (milliseconds since 1970) succeeds. There is at most one trial
   * a second. A trial moves the head of the trail as a recorded call does, without an event.
   */
  async canCommit(now: number): Promise<boolean> {
    return !this.failure && this.#trial.passes(now)
  }

  /** Authenticates the head of a lane under the current root key, as a recorded call does. Throws Forged or Unavailable. */
  moveHead(place: RowKey): Promise<void> {
    return this.#trailHead.move(place)
  }

  /** Starts with the present state of the database, before any other call of the ledger. Reads no earlier changes. Throws Unavailable. */
  begin(): Promise<void> {
    return this.#changes.begin()
  }

  /** Takes over what others committed before this call. Throws Unavailable. */
  follow(): Promise<void> {
    return this.#changes.follow()
  }

  /**
   * Whether everything that a call read through `view` is still current at a moment after this call began. For answers that no commit
   * confirms. Concurrent calls share one read of the change log. Throws Unavailable.
   */
  async confirms(view: LedgerView): Promise<boolean> {
    if (view.reads(true).length === 0) return true
    await this.#changes.follow()
    return !view.moved(true) && view.rootEpoch === this.#keys.epoch
  }

  /**
   * Adds a function that runs whenever others have changed records, before any call is decided on the new state. `keys` are the changed
   * records (recordKey); null stands for any record.
   */
  whenChanged(follow: (keys: ReadonlySet<string> | null) => Promise<void> | void): void {
    this.#changes.followers.push(follow)
  }

  /** The records in memory, and the change number up to which they were followed. Each record is as it was at that number, or later. */
  known(): { readonly number: number; readonly records: Iterable<Recorded<unknown>> } {
    return { number: this.#changes.number, records: this.#known.records() }
  }

  /**
   * The view for one attempt of a call. `former` is the view of the attempt before, whose reads others changed; null for the first attempt.
   */
  view(former: LedgerView | null = null): LedgerView {
    return new LedgerView(this, this.#changes, this.#keys.epoch, former)
  }

  /** Notes that the call of this view has ended. Every call must end here: a turn of this server waits for its late calls (Turns). */
  ended(view: LedgerView): void {
    this.#committer.ended(view)
  }

  /**
   * Commits the call durably. Unless it resolves to `committed`, nothing of the call is stored. Throws SignatureNonceUsed. Throws
   * ServiceUnavailableTemporary when the database can't be written; then nothing is stored, as far as Storage.commit can tell.
   */
  commit(call: Call): Promise<Committed> {
    return this.#committer.commit(call)
  }

  /** Commits a batch that another process of this server decided on this basis. Throws Stale, Forged or Unavailable. */
  commitFor(batch: readonly Commit[], basis: Basis | null): Promise<Stored> {
    return this.#committer.commitFor(batch, basis)
  }

  /**
   * Drops up to `limit` nonces whose time window ended before `now`. A small limit keeps calls from waiting. Returns how many were dropped.
   */
  async dropNonces(now: number, limit: number): Promise<number> {
    return this.#storage.dropNonces(now, limit)
  }
}
