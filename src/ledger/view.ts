// What one attempt of a call reads. A record, or its absence, stays as the attempt first read it, whatever changes meanwhile: an
// operation decides on the very records that it was authorized on. The commit finds out whether a record changed since.
import type { EventStorage, Head } from '../storage/storage.ts'
import type { Kind, Recorded, Scope } from './record.ts'

type Place = { readonly parent?: string; readonly offset: number; readonly limit: number }
type Steps<B> = AsyncGenerator<readonly Recorded<B>[], void, void>
type Span = { readonly after: string; readonly before: string; readonly limit: number }

/** Where a view reads what it has not read yet: see Reader. */
export interface Source {
  readonly events: EventStorage
  turn(): Promise<void>
  head(): Promise<Head>
  get<B>(kind: Kind<B>, scope: Scope, id: string): Promise<Recorded<B> | null>
  page<B>(kind: Kind<B>, scope: Scope, where: Place): Promise<{ records: readonly Recorded<B>[]; total: number }>
  between<B>(kind: Kind<B>, scope: Scope, where: Span): Promise<readonly Recorded<B>[]>
  byCreation<B>(kind: Kind<B>, scope: Scope): Steps<B>
  byId<B>(kind: Kind<B>, scope: Scope, after: string): Steps<B>
  count<B>(kind: Kind<B>, scope: Scope, parent?: string | null): Promise<number>
}

/** A record that was read, or is being read; a list of those that share an id. */
interface Read {
  readonly kind: string
  readonly scope: Scope
  readonly found: Promise<Recorded<unknown> | null>
  readonly next: Read | undefined
}

export class LedgerView implements Source {
  readonly #source: Source
  /** By id, which is nearly unique, and a string whose hash the engine has computed. */
  #reads: Map<string, Read> | null = null

  constructor(source: Source) {
    this.#source = source
  }

  /** The record, or null; the same one each time. Throws as the ledger does. */
  get<B>(kind: Kind<B>, scope: Scope, id: string): Promise<Recorded<B> | null> {
    const known = this.#find(kind.name, scope, id)
    if (known) return known.found as Promise<Recorded<B> | null>
    const found = this.#source.get(kind, scope, id)
    this.#reads ??= new Map()
    this.#reads.set(id, { kind: kind.name, scope, found, next: this.#reads.get(id) })
    return found
  }

  /** A page as the ledger has it now, with the records that `get` has read as they were then. */
  async page<B>(
    kind: Kind<B>,
    scope: Scope,
    where: Place,
  ): Promise<{ records: readonly Recorded<B>[]; total: number }> {
    const { records, total } = await this.#source.page(kind, scope, where)
    return { records: await this.#asRead(kind, records), total }
  }

  /** Records by id as the ledger has them now, with those that `get` has read as they were then. */
  async between<B>(kind: Kind<B>, scope: Scope, where: Span): Promise<readonly Recorded<B>[]> {
    return this.#asRead(kind, await this.#source.between(kind, scope, where))
  }

  /** All records of a kind in a scope by creation time, step by step, as `page` shows them. */
  byCreation<B>(kind: Kind<B>, scope: Scope): Steps<B> {
    return this.#stepsAsRead(kind, this.#source.byCreation(kind, scope))
  }

  /** All records of a kind in a scope whose ids come after one, by id, step by step, as `between` shows them. */
  byId<B>(kind: Kind<B>, scope: Scope, after: string): Steps<B> {
    return this.#stepsAsRead(kind, this.#source.byId(kind, scope, after))
  }

  async *#stepsAsRead<B>(kind: Kind<B>, steps: Steps<B>): Steps<B> {
    for await (const records of steps) yield this.#asRead(kind, records)
  }

  count<B>(kind: Kind<B>, scope: Scope, parent: string | null = null): Promise<number> {
    return this.#source.count(kind, scope, parent)
  }

  get events(): EventStorage {
    return this.#source.events
  }

  /** Lets other calls run between the steps of long work. */
  turn(): Promise<void> {
    return this.#source.turn()
  }

  head(): Promise<Head> {
    return this.#source.head()
  }

  async #asRead<B>(kind: Kind<B>, records: readonly Recorded<B>[]): Promise<readonly Recorded<B>[]> {
    if (!this.#reads) return records
    const shown: Recorded<B>[] = []
    for (const record of records) {
      const read = this.#find(kind.name, record, record.id)
      const found = read ? await read.found : record
      if (found) shown.push(found as Recorded<B>)
    }
    return shown
  }

  #find(kind: string, { account, region }: Scope, id: string): Read | undefined {
    let read = this.#reads?.get(id)
    while (read && (read.kind !== kind || read.scope.account !== account || read.scope.region !== region))
      read = read.next
    return read
  }
}
