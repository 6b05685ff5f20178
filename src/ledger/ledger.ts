// The ledger: what is stored is read through it, and every call commits by it. It puts its parts together:
// reading (reader.ts) through the records in memory (known-records.ts), committing (committer.ts) in batches (commit-queue.ts),
// both under the root keys in use (root-watch.ts, second-look.ts), and the head of the trail with its witness (trail-head.ts).
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
  /** The lane of the trail that this process records in. */
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

  /** Sets the witness that hears, from now on, of what must not be undone unseen. */
  witnessedBy(witness: TrailWitness): void {
    this.#trailHead.witnessedBy(witness)
  }

  /** Tells the root keys in use from earlier ones: see Call.rootEpoch. */
  get rootEpoch(): number {
    return this.#keys.epoch
  }

  /** Why nothing can be committed until a restart, or null. */
  get failure(): Unavailable | null {
    return this.#storage.failure
  }

  /**
   * Whether calls can be committed: the last one could, or a trial at `now` (milliseconds since 1970) can, at most once a second. A
   * trial moves the head of the trail as every recorded call does, and adds no event.
   */
  async canCommit(now: number): Promise<boolean> {
    return !this.failure && this.#trial.passes(now)
  }

  /** Authenticates the head of a lane under the current root key, as every recorded call does. Throws Forged or Unavailable. */
  moveHead(place: RowKey): Promise<void> {
    return this.#trailHead.move(place)
  }

  /** Begins with the database as it is, before anything else: what changed earlier is not read. Throws Unavailable. */
  begin(): Promise<void> {
    return this.#changes.begin()
  }

  /** Takes over what others committed before the call. Throws Unavailable. */
  follow(): Promise<void> {
    return this.#changes.follow()
  }

  /**
   * Whether what a call read through `view` is as the database has it, at a moment after this call: for an answer that no commit
   * confirms. All who ask meanwhile share one read of the log. Throws Unavailable.
   */
  async confirms(view: LedgerView): Promise<boolean> {
    if (view.reads(true).length === 0) return true
    await this.#changes.follow()
    return !view.moved(true) && view.rootEpoch === this.#keys.epoch
  }

  /**
   * Adds what to do whenever others changed records, before a call is decided on that: `keys` are those of the records (recordKey), null
   * for any.
   */
  whenChanged(follow: (keys: ReadonlySet<string> | null) => Promise<void> | void): void {
    this.#changes.followers.push(follow)
  }

  /** The records in memory, and the change number that they were followed up to: each is as it was then, or later. */
  known(): { readonly number: number; readonly records: Iterable<Recorded<unknown>> } {
    return { number: this.#changes.number, records: this.#known.records() }
  }

  /** What one attempt of a call reads through: the first one, or after others moved what the `former` one had read, the next. */
  view(former: LedgerView | null = null): LedgerView {
    return new LedgerView(this, this.#changes, this.#keys.epoch, former)
  }

  /** Notes that the call of this view has ended. Every call must end here: a turn of its server waits for late calls that have not (Turns). */
  ended(view: LedgerView): void {
    this.#committer.ended(view)
  }

  /**
   * Commits the call durably; unless it resolves to `committed`, nothing of it is stored.
   * Throws SignatureNonceUsed, or ServiceUnavailableTemporary when the database can't be written; then nothing is stored, as far as
   * Storage.commit can tell.
   */
  commit(call: Call): Promise<Committed> {
    return this.#committer.commit(call)
  }

  /** Commits a batch that another process of this server decided on this basis. Throws Stale, Forged or Unavailable. */
  commitFor(batch: readonly Commit[], basis: Basis | null): Promise<Stored> {
    return this.#committer.commitFor(batch, basis)
  }

  /** Drops up to `limit` nonces whose time window ended before `now`, few enough to stall no call. Returns how many. */
  async dropNonces(now: number, limit: number): Promise<number> {
    return this.#storage.dropNonces(now, limit)
  }
}
