// Reads records. Authenticates each record, and keeps in memory those that were read by id.
import type { RootKeys } from '../keystore/root-keys.ts'
import type { MaybePromise } from '../runtime/maybe-promise.ts'
import type { Runtime } from '../runtime/runtime.ts'
import {
  type EventStorage,
  type FoundRows,
  type Heads,
  type Range,
  recordKey,
  type Storage,
  UNLOGGED_KINDS,
} from '../storage/storage.ts'
import type { Alarm } from './alarm.ts'
import type { KnownRecords } from './known-records.ts'
import { fromRows, walk } from './many.ts'
import { Forged, fromRow, type Kind, type Recorded, type Scope } from './record.ts'
import type { RootWatch } from './root-watch.ts'
import { type FoundRecords, heldAgainst, judge, orElse, pageOfSteps, type Sought } from './search.ts'
import { checkedRows, withSecondLook } from './second-look.ts'
import type { TrailHead } from './trail-head.ts'
import type { Source } from './view.ts'

/** The sources of a reader. */
export interface Sources {
  readonly storage: Storage
  readonly keys: RootKeys
  readonly roots: RootWatch
  readonly known: KnownRecords
  readonly trailHead: TrailHead
  readonly alarm: Alarm
  readonly runtime: Pick<Runtime, 'turn' | 'monotonic'>
}

export class Reader implements Source {
  readonly #sources: Sources

  constructor(sources: Sources) {
    this.#sources = sources
  }

  /** Lets other calls run between two steps of long work. */
  turn(): Promise<void> {
    return this.#sources.runtime.turn()
  }

  monotonic(): number {
    return this.#sources.runtime.monotonic()
  }

  /** The recorded events. */
  get events(): EventStorage {
    return this.#sources.storage.events
  }

  /** The heads of the lanes, as they are on disk. Throws Forged or Unavailable. */
  heads(): Promise<Heads> {
    return this.#sources.trailHead.read()
  }

  /** The number of lanes of the trail. Throws Forged or Unavailable. */
  lanes(): Promise<number> {
    return this.#sources.trailHead.lanes()
  }

  /** The record, or null; without a promise if the record is in memory. Throws Forged or Unavailable. */
  get<B>(
    kind: Kind<B>,
    scope: Scope,
    id: string,
    key: string = recordKey(kind.name, scope.account, scope.region, id),
  ): MaybePromise<Recorded<B> | null> {
    const known = this.#sources.known.get(key)
    if (known) return known as Recorded<B>
    return this.#reading(() => this.#learn<B>(key, kind, scope, id))
  }

  async #learn<B>(key: string, { name }: Kind<B>, { account, region }: Scope, id: string): Promise<Recorded<B> | null> {
    const { storage, keys, known } = this.#sources
    const read = async () => {
      const row = await storage.get(name, account, region, id)
      return row && { record: fromRow<B>(row, keys), length: row.body.length }
    }
    return UNLOGGED_KINDS.has(name) ? ((await read())?.record ?? null) : known.learn(key, read)
  }

  /** A page of a scope's records, or of a parent's, by creation time, with the count of all. */
  async page<B>(
    kind: Kind<B>,
    scope: Scope,
    where: { parent?: string; offset: number; limit: number },
  ): Promise<{ records: readonly Recorded<B>[]; total: number }> {
    const { storage, keys, runtime } = this.#sources
    const range: Range = { ...placeOf(kind, scope), parent: where.parent ?? null }
    const total = await storage.count(range)
    return this.#reading(async () => {
      const rows = where.offset < total ? await storage.page(range, where.offset, where.limit, total) : []
      return { records: await fromRows<B>(rows, keys, runtime), total }
    })
  }

  /** Records of a kind with `after` < id < `before`, by id in byte order. */
  async between<B>(
    kind: Kind<B>,
    scope: Scope,
    where: { after: string; before: string; limit: number },
  ): Promise<readonly Recorded<B>[]> {
    const { storage, keys, runtime } = this.#sources
    return this.#reading(async () => {
      const rows = await storage.between(placeOf(kind, scope), where.after, where.before, where.limit)
      return fromRows<B>(rows, keys, runtime)
    })
  }

  /** All records of a kind in a scope by creation time, step by step. Other calls run in between. */
  byCreation<B>(kind: Kind<B>, scope: Scope): AsyncGenerator<readonly Recorded<B>[], void, void> {
    const { storage, keys, runtime } = this.#sources
    const place = placeOf(kind, scope)
    const read = (last: Recorded<B> | null, limit: number) =>
      this.#reading(async () => fromRows<B>(await storage.pageAfter(place, last, limit), keys, runtime))
    return walk(read, runtime)
  }

  /** All records of a kind in a scope with ids after `after`, by id in byte order, step by step. Other calls run in between. */
  byId<B>(kind: Kind<B>, scope: Scope, after: string): AsyncGenerator<readonly Recorded<B>[], void, void> {
    // Ids consist of printable ASCII, so this character comes after all of them.
    const read = (last: Recorded<B> | null, limit: number) =>
      this.between(kind, scope, { after: last?.id ?? after, before: '\x7f', limit })
    return walk(read, this.#sources.runtime)
  }

  /** A page of a search's results by creation time, with the count of all. */
  search<B>(
    kind: Kind<B>,
    scope: Scope,
    sought: Sought<B>,
    where: { offset: number; limit: number },
  ): Promise<FoundRecords<B>> {
    const { storage, alarm } = this.#sources
    const search = { ...placeOf(kind, scope), ...sought.search, through: sought.through.name }
    const indexed = async () => {
      const found = await storage.search(search, where.offset, where.limit)
      return { records: await this.#held(found, sought), total: found.total }
    }
    const readAll = () => pageOfSteps(this.byCreation(kind, scope), judge(sought, scope, this), where)
    return orElse(alarm, () => this.#reading(indexed), readAll)
  }

  /** All results of a search with ids after `after`, by id in byte order, step by step. */
  searchById<B>(
    kind: Kind<B>,
    scope: Scope,
    sought: Sought<B>,
    after: string,
  ): AsyncGenerator<readonly Recorded<B>[], void, void> {
    const { storage, alarm, runtime } = this.#sources
    const search = { ...placeOf(kind, scope), ...sought.search, through: sought.through.name }
    const indexed = async (last: string, limit: number) =>
      this.#held(await storage.searchById(search, last, limit), sought)
    const readAll = async (last: string, limit: number) => {
      const found = judge(sought, scope, this)
      return (await pageOfSteps(this.byId(kind, scope, last), found, { offset: 0, limit })).records
    }
    const read = (last: Recorded<B> | null, limit: number) => {
      const from = last?.id ?? after
      return orElse(
        alarm,
        () => this.#reading(() => indexed(from, limit)),
        () => readAll(from, limit),
      )
    }
    return walk(read, runtime)
  }

  async #held<B>({ rows, owned }: FoundRows, sought: Sought<B>): Promise<readonly Recorded<B>[]> {
    const { keys, runtime } = this.#sources
    const present = rows.filter((row) => row !== null)
    const records: (Recorded<B> | null)[] = [...(await fromRows<B>(present, keys, runtime))]
    if (present.length < rows.length) records.push(null)
    return heldAgainst(sought, records, await fromRows<unknown>(owned, keys, runtime))
  }

  /** The number of records of a scope or of a parent. For a whole scope, the kind must be counted. */
  async count<B>(kind: Kind<B>, scope: Scope, parent: string | null = null): Promise<number> {
    return this.#sources.storage.count({ ...placeOf(kind, scope), parent })
  }

  /** Records of all scopes whose work is due at `now`. Omits forged records, with an alarm. */
  async due<B>(kind: Kind<B>, now: number, limit: number): Promise<readonly Recorded<B>[]> {
    const { storage, keys, roots, alarm } = this.#sources
    const found = await checkedRows(roots, keys, () => storage.due(kind.name, now, limit))
    return found.flatMap(({ row: { account, region, id }, record }) => {
      if (record) return [record as Recorded<B>]
      const which = `record ${kind.name}/${account}/${region}/${id} is not authentic`
      alarm('a record that is not authentic was skipped', new Forged(which))
      return []
    })
  }

  #reading<T>(read: () => Promise<T>): Promise<T> {
    return withSecondLook(this.#sources.roots, read)
  }
}

function placeOf({ name: kind }: Kind<unknown>, { account, region }: Scope) {
  return { kind, account, region }
}
