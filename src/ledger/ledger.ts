// Committing: a call's changes, its nonce and its event, all or nothing; many calls with one fsync (group commit).
// Reads go through a cache that every commit keeps fresh.
import { hash } from 'node:crypto'
import { refuse } from '../api/errors.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import {
  type Commit,
  type EventRow,
  type EventStorage,
  type Guard,
  GuardMoved,
  HEAD_PLACE,
  type Head,
  type Outcome,
  type Range,
  type RowChange,
  type Storage,
  Unavailable,
} from '../storage/storage.ts'
import { RecordCache } from './cache.ts'
import { chaining, Rewound, type WatchfulChaining } from './chain.ts'
import { fromRows, walk } from './many.ts'
import { authentic, type Change, Forged, fromRow, type Kind, type Recorded, type Scope, toRow } from './record.ts'
import { isServiceWork } from './stored-event.ts'
import { LedgerView, type Source } from './view.ts'

/** Some 100 MB at the most, in which the records of everyday calls take a fifth. */
const CACHE_BOUNDS = { records: 50_000, characters: 50_000_000 }
/** Calls that one transaction holds at the most. */
const BATCH = 512

/** What a call asks to commit. */
export interface Call {
  readonly changes: readonly Change[]
  readonly nonce: { readonly accessKeyId: string; readonly nonce: string; readonly expiresAt: number } | null
  readonly event: EventRow | null
  /** The call's events for other accounts; only beside its own. */
  readonly further?: readonly EventRow[] | undefined
  /**
   * The root keys (Ledger.rootEpoch) when the call began to decide: what it sealed is sealed under these. Absent: it decided at
   * once, before it asked.
   */
  readonly rootEpoch?: number
}

interface Waiting {
  readonly call: Call
  readonly commit: Commit
  /** The root keys that it was decided and is authenticated under. */
  readonly rootEpoch: number
  readonly resolve: (outcome: Committed) => void
  readonly reject: (error: unknown) => void
}

/** Told of troubles that a caller can't mend. */
export type Alarm = (message: string, error: unknown) => void

/** Who looks after the root keys, which other processes may change. */
export interface RootWatch {
  /** What the database must still say of the root keys while something is committed under those in use. */
  readonly guard: Guard | null
  /** Takes over what has changed. Throws Unavailable when that can't be known now. */
  look(): Promise<void>
}

/** Who keeps, outside of the database, how far the trail has come: what tells that the database was put back to an older copy. */
export interface TrailWitness {
  /** On disk when it resolves. Rejects when that can't be. */
  saw(head: Head): Promise<void>
  /** The database has gone back behind this head: what it says now counts no more. */
  rewound(head: Head): Promise<void>
}

const NO_WITNESS = 'the witness of the trail could not be written'
const NEVER_CHANGES: RootWatch = { guard: null, look: async () => {} }
/** How often the root keys may change in the database while a batch waits; each time it is looked at again. */
const LOOKS = 5

/** How often it is tried whether the database can be written again. */
const TRIAL_MS = 1000

/** `moved`: a record moved on since the call was decided, decide again. `full`: it would pass a quota. */
export type Committed = 'committed' | 'moved' | 'full'

export class Ledger implements Source {
  readonly #storage: Storage
  readonly #keys: RootKeys
  readonly #alarm: Alarm
  readonly #roots: RootWatch
  readonly #chaining: WatchfulChaining
  #cache = new RecordCache(CACHE_BOUNDS)
  /** The root keys under which all that the cache holds was read or decided. */
  #cacheEpoch: number
  #witness: TrailWitness | null = null
  /** What is being told to the witness, before anybody gets an answer. */
  #witnessing: Promise<void> | null = null
  readonly #changes = new Map<string, number>()
  #waiting: Waiting[] = []
  #scheduled = false
  /** Batches that the storage is committing. */
  #underWay = 0
  /** Whether the last batch could not be committed. */
  #refused = false
  #trial: Promise<boolean> | null = null
  /** When it was last tried whether the database takes a commit again. */
  #triedAt = Number.NEGATIVE_INFINITY
  /** Batches that have ended, so that a read that began before a commit does not fill the cache with what it found. */
  #ended = 0

  constructor(storage: Storage, keys: RootKeys, alarm: Alarm, roots: RootWatch = NEVER_CHANGES) {
    this.#storage = storage
    this.#keys = keys
    this.#alarm = alarm
    this.#roots = roots
    this.#chaining = chaining(keys)
    this.#cacheEpoch = keys.epoch
  }

  /** From now on this witness hears of what must not be undone unseen. */
  witnessedBy(witness: TrailWitness): void {
    this.#witness = witness
  }

  /** Tells the root keys in use from earlier ones: see Call.rootEpoch. */
  get rootEpoch(): number {
    return this.#keys.epoch
  }

  /** The recorded events. */
  get events(): EventStorage {
    return this.#storage.events
  }

  /** Why nothing can be committed until a restart, or null. */
  get failure(): Unavailable | null {
    return this.#storage.failure
  }

  /**
   * Whether calls can be committed: the last one could, or a trial at `now` can, at most once a second. A trial stores a nonce of
   * nobody's; `id` tells it from all others.
   */
  async canCommit(now: number, id: string): Promise<boolean> {
    if (this.failure) return false
    if (!this.#refused) return true
    if (!this.#trial && Math.abs(now - this.#triedAt) >= TRIAL_MS) {
      this.#triedAt = now
      const nonce = { accessKeyId: '', nonce: `trial ${id}`, expiresAt: now }
      this.#trial = this.commit({ changes: [], nonce, event: null })
        .then(
          (outcome) => outcome === 'committed',
          () => false,
        )
        .finally(() => {
          this.#trial = null
        })
    }
    return this.#trial ?? false
  }

  /** Where the chain of events ends, on disk. Throws Forged or Unavailable. */
  async head(): Promise<Head> {
    try {
      const head = await this.#reading(() => this.#readHead())
      await this.#storage.synced()
      return head
    } catch (error) {
      await this.#noteRewound(error)
      throw error
    }
  }

  async #readHead(): Promise<Head> {
    const { kind, account, region, id } = HEAD_PLACE
    // Others may commit while this reads: what it finds is not older than what was seen before.
    const seen = this.#chaining.seen()
    const row = await this.#storage.get(kind, account, region, id)
    if (!row) throw new Unavailable('the head of the event chain is missing from the database: restore a backup')
    return this.#chaining.headAfter(row, seen)
  }

  /** What `read` answers; read again after a look at the root keys when it met a record that is not authentic under them. */
  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof Forged)) throw error
      await this.#roots.look()
      return read()
    }
  }

  /** What one attempt of a call reads through. */
  view(): LedgerView {
    return new LedgerView(this)
  }

  /** The record, or null. Throws Forged or Unavailable. */
  async get<B>(kind: Kind<B>, scope: Scope, id: string): Promise<Recorded<B> | null> {
    const key = cacheKey(kind.name, scope, id)
    const cached = this.#records().get(key)
    if (cached) return cached as Recorded<B>
    return this.#reading(async () => {
      const [records, ended] = [this.#records(), this.#ended]
      const row = await this.#storage.get(kind.name, scope.account, scope.region, id)
      if (!row) return null
      const record = fromRow<B>(row, this.#keys)
      if (ended === this.#ended) records.put(key, record, row.body.length)
      return record
    })
  }

  /**
   * The cache of the root keys in use. INVARIANT: it holds only what was read or decided under them, since what others sealed may not
   * open any more. Work takes the cache when it begins: when the roots change meanwhile, it fills one that nobody reads.
   */
  #records(): RecordCache {
    if (this.#cacheEpoch !== this.#keys.epoch) {
      this.#cache = new RecordCache(CACHE_BOUNDS)
      this.#cacheEpoch = this.#keys.epoch
    }
    return this.#cache
  }

  /** A page of a scope's records, or of one parent's, by creation time; with the count of all. */
  async page<B>(
    kind: Kind<B>,
    scope: Scope,
    where: { parent?: string; offset: number; limit: number },
  ): Promise<{ records: readonly Recorded<B>[]; total: number }> {
    const range: Range = { kind: kind.name, ...placeOf(scope), parent: where.parent ?? null }
    const total = await this.#storage.count(range)
    return this.#reading(async () => {
      const rows = where.offset < total ? await this.#storage.page(range, where.offset, where.limit, total) : []
      return { records: await fromRows<B>(rows, this.#keys), total }
    })
  }

  /** Records of a kind whose ids lie between two, both excluded, by id in byte order. */
  async between<B>(
    kind: Kind<B>,
    scope: Scope,
    where: { after: string; before: string; limit: number },
  ): Promise<readonly Recorded<B>[]> {
    const place = { kind: kind.name, ...placeOf(scope) }
    return this.#reading(async () => {
      const rows = await this.#storage.between(place, where.after, where.before, where.limit)
      return fromRows<B>(rows, this.#keys)
    })
  }

  /** All records of a kind in a scope by creation time, step by step; others have their turn in between. */
  byCreation<B>(kind: Kind<B>, scope: Scope): AsyncGenerator<readonly Recorded<B>[], void, void> {
    const place = { kind: kind.name, ...placeOf(scope) }
    return walk((last, limit) =>
      this.#reading(async () => fromRows<B>(await this.#storage.pageAfter(place, last, limit), this.#keys)),
    )
  }

  /** All records of a kind in a scope whose ids come after one, by id in byte order, step by step; others have their turn in between. */
  byId<B>(kind: Kind<B>, scope: Scope, after: string): AsyncGenerator<readonly Recorded<B>[], void, void> {
    // No id holds a character beyond those of ASCII that are printed.
    return walk((last, limit) => this.between(kind, scope, { after: last?.id ?? after, before: '\x7f', limit }))
  }

  /** Grows with each change of a record of these kinds: what was made of such records is still true while it stays. */
  changesOf(kinds: readonly Kind<unknown>[]): number {
    return kinds.reduce((sum, { name }) => sum + (this.#changes.get(name) ?? 0), 0)
  }

  /** How many records of a scope, or of one parent, there are; of a whole scope only for kinds that are counted. */
  async count<B>(kind: Kind<B>, scope: Scope, parent: string | null = null): Promise<number> {
    return this.#storage.count({ kind: kind.name, ...placeOf(scope), parent })
  }

  /** Records on which work is due at `now`, of all scopes. A forged one is left out, with an alarm. */
  async due<B>(kind: Kind<B>, now: number, limit: number): Promise<readonly Recorded<B>[]> {
    const read = async () =>
      (await this.#storage.due(kind.name, now, limit)).map((row) => {
        const record = authentic(row, this.#keys)
        return { row, record }
      })
    let found = await read()
    if (found.some(({ record }) => !record)) {
      await this.#roots.look()
      found = await read()
    }
    return found.flatMap(({ row: { account, region, id }, record }) => {
      if (record) return [record as Recorded<B>]
      const which = `record ${kind.name}/${account}/${region}/${id} is not authentic`
      this.#alarm('a record that is not authentic was passed over', new Forged(which))
      return []
    })
  }

  /**
   * Commits the call durably; unless the answer is `committed`, nothing of it is stored.
   * Throws SignatureNonceUsed, or ServiceUnavailableTemporary when the database can't be written; then nothing is stored, as far as
   * Storage.commit can tell.
   */
  commit(call: Call): Promise<Committed> {
    return new Promise((resolve, reject) => {
      const { rootEpoch = this.#keys.epoch } = call
      this.#waiting.push({ call, commit: this.#prepared(call), rootEpoch, resolve, reject })
      this.#schedule()
    })
  }

  #prepared({ changes, nonce, event, further }: Call): Commit {
    return {
      changes: changes.map((change) => this.#rowChange(change)),
      nonce: nonce && { digest: nonceDigest(nonce.accessKeyId, nonce.nonce), expiresAt: nonce.expiresAt },
      event,
      ...(further && { further }),
      scrub: changes.some((change) => 'scrub' in change && change.scrub),
    }
  }

  #rowChange(change: Change): RowChange {
    switch (change.change) {
      case 'insert':
        return { change: 'insert', row: toRow(change.after, this.#keys), counted: change.counted }
      case 'update':
        return { change: 'update', row: toRow(change.after, this.#keys), from: change.before.revision }
      case 'delete':
        return { change: 'delete', row: toRow(change.before, this.#keys), counted: change.counted }
      case 'expect':
        return { change: 'expect', row: toRow(change.before, this.#keys) }
    }
  }

  /** The answers of a batch go out, and the requests that came meanwhile are read, before the next one is cut. */
  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0 || this.#underWay >= this.#storage.commitsAtOnce) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#underWay++
      void this.#commitBatch(this.#waiting.splice(0, BATCH)).then(() => {
        this.#underWay--
        this.#schedule()
      })
      this.#schedule()
    })
  }

  async #commitBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#reading(() => this.#store(batch))
      this.#ended++
      this.#noteOutcomes(outcomes)
      let altered = false
      for (const [i, { call, commit, rootEpoch }] of batch.entries()) {
        const committed = outcomes[i] === 'committed'
        if (committed && rootEpoch === this.#keys.epoch) this.#remember(call.changes, commit.changes)
        else this.#forget(call.changes)
        if (committed && alters(call)) altered = true
      }
      if (altered && this.#witness) this.#bearWitness(this.#witness)
      if (this.#witnessing) await this.#witnessing
      for (const [i, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[i] ?? 'moved'
        if (outcome === 'nonce-used') reject(refuse('SignatureNonceUsed'))
        else if (outcome === 'unavailable') reject(refuse('ServiceUnavailableTemporary'))
        else resolve(outcome)
      }
    } catch (error) {
      this.#ended++
      this.#refused = true
      await this.#noteRewound(error)
      if (!(error instanceof Unavailable)) this.#alarm('a batch could not be committed', error)
      else this.#alarm('the database can not be written', error)
      for (const { call, reject } of batch) {
        this.#forget(call.changes)
        reject(refuse('ServiceUnavailableTemporary'))
      }
    }
  }

  /** What decided that nothing is to be stored says nothing of the disk. */
  #noteOutcomes(outcomes: readonly Outcome[]): void {
    if (outcomes.includes('unavailable')) this.#refused = true
    else if (outcomes.includes('committed')) this.#refused = false
  }

  /**
   * Puts on disk, outside of the database, that the trail has come so far. A failure to write it there is reported, and refuses
   * nothing, since the call is done; the next upkeep of the trail tries again.
   */
  #bearWitness(witness: TrailWitness): void {
    const mine = this.head()
      .then((head) => witness.saw(head))
      .catch((error: unknown) => this.#alarm(NO_WITNESS, error))
      .then(() => {
        if (this.#witnessing === mine) this.#witnessing = null
      })
    this.#witnessing = mine
  }

  /** That the database went back must outlast this process: nothing else tells a restart. */
  async #noteRewound(error: unknown): Promise<void> {
    if (!(error instanceof Rewound)) return
    await this.#witness?.rewound(this.#chaining.seen()).catch((trouble: unknown) => this.#alarm(NO_WITNESS, trouble))
  }

  /**
   * INVARIANT: nothing is committed under root keys that the database does not name any more, however long it took since it was
   * sealed: the storage holds the record of them against the guard, in the transaction itself.
   */
  async #store(batch: readonly Waiting[]): Promise<readonly Outcome[]> {
    for (let looks = 0; ; looks++) {
      const current = batch.filter((waiting) => !this.#isOutdated(waiting))
      if (current.length === 0) return batch.map(() => 'moved')
      try {
        const commits = current.map(({ commit }) => commit)
        const last = commits.findLastIndex(({ event }) => event)
        const { event = null, further } = commits[last] ?? {}
        const chain = this.#chaining.endingWith(further?.at(-1) ?? event)
        const outcomes = await this.#storage.commit(commits, chain, this.#roots.guard)
        if (outcomes[last] === 'committed') chain.acknowledged()
        const outcomeOf = new Map(current.map((waiting, i) => [waiting, outcomes[i]]))
        return batch.map((waiting) => outcomeOf.get(waiting) ?? 'moved')
      } catch (error) {
        if (!(error instanceof GuardMoved) || looks === LOOKS) throw error
        await this.#roots.look()
      }
    }
  }

  /** Whether the call was decided under other root keys: what it sealed could not be opened for long. A mere event is under none. */
  #isOutdated({ call, rootEpoch }: Waiting): boolean {
    return rootEpoch !== this.#keys.epoch && (call.rootEpoch !== undefined || call.changes.length > 0)
  }

  #remember(changes: readonly Change[], rows: readonly RowChange[]): void {
    for (const [i, change] of changes.entries()) {
      this.#noteChange(change)
      if (change.change === 'delete') this.#records().drop(recordKey(change.before))
      else if (change.change !== 'expect')
        this.#records().put(recordKey(change.after), change.after, rows[i]?.row.body.length ?? 0)
    }
  }

  #forget(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#noteChange(change)
      this.#records().drop(recordKey(change.change === 'insert' ? change.after : change.before))
    }
  }

  #noteChange(change: Change): void {
    if (change.change === 'expect') return
    const { kind } = change.change === 'insert' ? change.after : change.before
    this.#changes.set(kind, (this.#changes.get(kind) ?? 0) + 1)
  }

  /** Forgets nonces whose time window is over, in small steps that stall no call. Returns how many. */
  async dropNonces(now: number, limit: number): Promise<number> {
    return this.#storage.dropNonces(now, limit)
  }
}

/**
 * Whether a recorded call changed or removed something: a key's state, its material, rights, a trail. That is what somebody may want
 * undone by putting the database back, and so is all that the service does by itself: the root keys' changes are no changes of a call.
 * What is made, or used, harms nobody when it is lost, and is witnessed within a second.
 */
function alters({ event, changes }: Call): boolean {
  if (event === null) return false
  return isServiceWork(event.body) || changes.some(({ change }) => change === 'update' || change === 'delete')
}

/** (AccessKeyId, nonce) in 16 bytes; the separator occurs in no AccessKeyId. */
function nonceDigest(accessKeyId: string, nonce: string): Uint8Array {
  return hash('sha256', `${accessKeyId}\n${nonce}`, 'buffer').subarray(0, 16)
}

function placeOf({ account, region }: Scope): Scope {
  return { account, region }
}

function cacheKey(kind: string, { account, region }: Scope, id: string): string {
  return `${kind}\n${account}\n${region}\n${id}`
}

function recordKey(record: Recorded<unknown>): string {
  return cacheKey(record.kind, record, record.id)
}
