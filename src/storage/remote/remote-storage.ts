// The storage port on both sides of a channel: a worker reads and commits through it, and the owner of the database serves it.
import {
  type Basis,
  type Chaining,
  type Changes,
  type Commit,
  type EventStorage,
  type Found,
  type FoundRows,
  type Place,
  type Range,
  type Row,
  type RowKey,
  type Search,
  Stale,
  type Storage,
  type Stored,
  TooManySearches,
  Unavailable,
} from '../storage.ts'
import { type Batch, packBatch, packStored, unpackBatch, unpackStored } from './batch.ts'
import type { Channel, ErrorForm, Packed } from './channel.ts'

/** The owner's methods by name. Batches are packed instead. */
export type StorageMethods = {
  readonly [N in Exclude<
    keyof Storage & string,
    'enough' | 'commit' | 'takeTurn' | 'events' | 'failure' | 'risks' | 'close'
  > as `storage.${N}`]: Storage[N]
} & {
  readonly [N in keyof EventStorage & string as `events.${N}`]: EventStorage[N]
}

const of = (name: string, is: (error: unknown) => boolean, make: (message: string) => Error): ErrorForm => ({
  name,
  of: (error) => (is(error) ? (error as Error).message : undefined),
  from: make,
})

/** The errors of the port. */
export const STORAGE_ERRORS: readonly ErrorForm[] = [
  of(
    'stale',
    (error) => error instanceof Stale,
    () => new Stale(),
  ),
  of(
    'unavailable',
    (error) => error instanceof Unavailable,
    (message) => new Unavailable(message),
  ),
  of(
    'too many searches',
    (error) => error instanceof TooManySearches,
    (message) => new TooManySearches(message),
  ),
]

/** The owner's methods, without batches. */
export function storageMethods(storage: Storage): StorageMethods {
  const { events } = storage
  return {
    'storage.get': (...key) => storage.get(...key),
    'storage.page': (...which) => storage.page(...which),
    'storage.pageAfter': (...which) => storage.pageAfter(...which),
    'storage.between': (...which) => storage.between(...which),
    'storage.search': (...which) => storage.search(...which),
    'storage.searchById': (...which) => storage.searchById(...which),
    'storage.count': (range) => storage.count(range),
    'storage.due': (...which) => storage.due(...which),
    'storage.scan': (...which) => storage.scan(...which),
    'storage.size': () => storage.size(),
    'storage.changesSince': (number) => storage.changesSince(number),
    'storage.dropNonces': (...which) => storage.dropNonces(...which),
    'storage.synced': () => storage.synced(),
    'storage.scrubbed': () => storage.scrubbed(),
    'events.after': (...which) => events.after(...which),
    'events.at': (seqs) => events.at(seqs),
    'events.drop': (...which) => events.drop(...which),
    'events.addPart': (...part) => events.addPart(...part),
    'events.renewPart': (...part) => events.renewPart(...part),
    'events.parts': (...which) => events.parts(...which),
    'events.terms': (firstSeq) => events.terms(firstSeq),
    'events.postings': (firstSeq) => events.postings(firstSeq),
    'events.dropParts': (seq) => events.dropParts(seq),
    'events.dropIndex': () => events.dropIndex(),
  }
}

/** Serves batches on the owner's side; `commit` chains their events. */
export function servingBatches(commit: (batch: Batch) => Promise<Stored>): (packed: Packed) => Promise<Packed> {
  return async (packed) => packStored(await commit(unpackBatch(packed)))
}

/** The worker's side. The owner chains the events. */
export class RemoteStorage implements Storage {
  readonly enough: number
  /** The owner reports it as part of its readiness. */
  readonly failure = null
  readonly risks: readonly string[] = []
  /** The owner commits the batches of all workers alike, so no worker can take a turn. */
  readonly takeTurn = null
  readonly events: EventStorage
  readonly #owner: Channel<StorageMethods>
  readonly #beforeBatch: () => void

  /** `enough`: see Storage. `beforeBatch` runs before a batch is sent, so that its messages reach the owner first. */
  constructor(owner: Channel<StorageMethods>, enough = 1, beforeBatch: () => void = () => {}) {
    this.#owner = owner
    this.enough = enough
    this.#beforeBatch = beforeBatch
    this.events = {
      after: (...which) => owner.ask('events.after', ...which),
      at: (seqs) => owner.ask('events.at', seqs),
      drop: (...which) => owner.ask('events.drop', ...which),
      addPart: (...part) => owner.ask('events.addPart', ...part),
      renewPart: (...part) => owner.ask('events.renewPart', ...part),
      parts: (...which) => owner.ask('events.parts', ...which),
      terms: (firstSeq) => owner.ask('events.terms', firstSeq),
      postings: (firstSeq) => owner.ask('events.postings', firstSeq),
      dropParts: (seq) => owner.ask('events.dropParts', seq),
      dropIndex: () => owner.ask('events.dropIndex'),
    }
  }

  get(kind: string, account: string, region: string, id: string): Promise<Row | null> {
    return this.#owner.ask('storage.get', kind, account, region, id)
  }

  page(range: Range, offset: number, limit: number, total: number): Promise<readonly Row[]> {
    return this.#owner.ask('storage.page', range, offset, limit, total)
  }

  pageAfter(place: Place, after: Pick<Row, 'createdAt' | 'id'> | null, limit: number): Promise<readonly Row[]> {
    return this.#owner.ask('storage.pageAfter', place, after, limit)
  }

  between(place: Place, after: string, before: string, limit: number): Promise<readonly Row[]> {
    return this.#owner.ask('storage.between', place, after, before, limit)
  }

  search(search: Search, offset: number, limit: number): Promise<Found> {
    return this.#owner.ask('storage.search', search, offset, limit)
  }

  searchById(search: Search, after: string, limit: number): Promise<FoundRows> {
    return this.#owner.ask('storage.searchById', search, after, limit)
  }

  count(range: Range): Promise<number> {
    return this.#owner.ask('storage.count', range)
  }

  due(kind: string, now: number, limit: number): Promise<readonly Row[]> {
    return this.#owner.ask('storage.due', kind, now, limit)
  }

  scan(after: RowKey | null, limit: number): Promise<readonly Row[]> {
    return this.#owner.ask('storage.scan', after, limit)
  }

  size(): Promise<number> {
    return this.#owner.ask('storage.size')
  }

  async commit(commits: readonly Commit[], _: Chaining, basis: Basis | null): Promise<Stored> {
    this.#beforeBatch()
    return unpackStored(await this.#owner.pack(packBatch({ commits, basis })))
  }

  changesSince(number: number | null): Promise<Changes> {
    return this.#owner.ask('storage.changesSince', number)
  }

  dropNonces(now: number, limit: number): Promise<number> {
    return this.#owner.ask('storage.dropNonces', now, limit)
  }

  synced(): Promise<void> {
    return this.#owner.ask('storage.synced')
  }

  scrubbed(): Promise<void> {
    return this.#owner.ask('storage.scrubbed')
  }

  /** The channel ends with the process. */
  async close(): Promise<void> {}
}
