// Reads records: what both databases share.
import { type Columns, toChanges, toRow } from './rows.ts'
import { SearchTurns } from './search-turns.ts'
import type { Bound } from './statement.ts'
import type { Statements } from './statements.ts'
import type { Changes, Found, FoundRows, Place, Range, Row, RowKey, Search } from './storage.ts'

// No record dates from before 1970.
const BEGINNING = { createdAt: -1, id: '' }

/** The common part of the adapters, which differ in how they run a statement. */
export abstract class StoredRows {
  protected readonly statements: Statements
  protected readonly searches: SearchTurns

  /** `searchesAtOnce` is the most searches that the adapter can run at the same time. */
  constructor(statements: Statements, searchesAtOnce: number) {
    this.statements = statements
    this.searches = new SearchTurns(searchesAtOnce)
  }

  /** Runs a statement. Returns all of its rows. Throws Unavailable. */
  protected abstract all(bound: Bound): Promise<readonly Columns[]>

  /** Runs a statement of a search. Returns all of its rows. Throws Unavailable. */
  protected abstract sought(bound: Bound): Promise<readonly Columns[]>

  async #rows(bound: Bound): Promise<Row[]> {
    return (await this.all(bound)).map(toRow)
  }

  async #number(bound: Bound): Promise<number> {
    const [row] = await this.all(bound)
    return Number(row?.['n'] ?? 0)
  }

  async get(kind: string, account: string, region: string, id: string): Promise<Row | null> {
    const [row] = await this.all(this.statements.get({ kind, account, region, id }))
    return row ? toRow(row) : null
  }

  /** Reads from the nearer end, because passing over rows costs time. */
  async page(range: Range, offset: number, limit: number, total: number): Promise<readonly Row[]> {
    const { kind, account, region, parent } = range
    const { page, pageFromEnd, ownedPage, ownedPageFromEnd } = this.statements
    const read = (fromEnd: boolean, stretch: { limit: number; offset: number }) => {
      const place = { kind, account, region, ...stretch }
      if (parent === null) return this.#rows((fromEnd ? pageFromEnd : page)(place))
      return this.#rows((fromEnd ? ownedPageFromEnd : ownedPage)({ ...place, parent }))
    }
    if (offset <= total / 2) return read(false, { limit, offset })
    const size = Math.min(limit, Math.max(0, total - offset))
    return (await read(true, { limit: size, offset: Math.max(0, total - offset - limit) })).reverse()
  }

  async pageAfter(
    { kind, account, region }: Place,
    after: Pick<Row, 'createdAt' | 'id'> | null,
    limit: number,
  ): Promise<readonly Row[]> {
    const { createdAt, id } = after ?? BEGINNING
    return this.#rows(this.statements.pageAfter({ kind, account, region, createdAt, id, limit }))
  }

  async between(place: Place, after: string, before: string, limit: number): Promise<readonly Row[]> {
    const { kind, account, region } = place
    return this.#rows(this.statements.between({ kind, account, region, after, before, limit }))
  }

  search(search: Search, offset: number, limit: number): Promise<Found> {
    return this.searches.run(search.account, () => this.#search(search, offset, limit))
  }

  async #search(search: Search, offset: number, limit: number): Promise<Found> {
    const { found, last } = toFound(await this.sought(this.statements.found(search, { offset, limit })))
    const size = found.rows.length
    if (size < limit && (last || offset === 0)) return { ...found, total: offset + size }
    const { foundAfter, foundAll } = this.statements
    // PostgreSQL counts all entries in less time than nearly all. What a later page passed over is not gone through twice.
    const isFirst = !last || offset === 0
    const [counted] = await this.sought(isFirst ? foundAll(search) : foundAfter(search, last))
    return { ...found, total: (isFirst ? 0 : offset + size) + Number(counted?.['n'] ?? 0) }
  }

  searchById(search: Search, after: string, limit: number): Promise<FoundRows> {
    return this.searches.run(search.account, async () => {
      return toFound(await this.sought(this.statements.foundById(search, { after, limit }))).found
    })
  }

  async count({ kind, account, region, parent }: Range): Promise<number> {
    const place = { kind, account, region }
    return this.#number(
      parent === null ? this.statements.count(place) : this.statements.ownedCount({ ...place, parent }),
    )
  }

  async due(kind: string, now: number, limit: number): Promise<readonly Row[]> {
    return this.#rows(this.statements.due({ kind, now, limit }))
  }

  async scan(after: RowKey | null, limit: number): Promise<readonly Row[]> {
    // No kind is named '', so this key comes before all others.
    const { kind, account, region, id } = after ?? { kind: '', account: '', region: '', id: '' }
    return this.#rows(this.statements.scan({ kind, account, region, id, limit }))
  }

  async changesSince(number: number | null): Promise<Changes> {
    // Without the log, the row says nothing of what changed.
    if (number === null) return toChanges(await this.all(this.statements.changeNumber({})), -1)
    return toChanges(await this.all(this.statements.changesSince({ number })), number)
  }

  async size(): Promise<number> {
    return this.#number(this.statements.size({}))
  }
}

/** The results in a search's rows, and the last entry. */
function toFound(all: readonly Columns[]) {
  const entries = all.filter(({ owned }) => owned === 0)
  const last = entries.at(-1)
  return {
    found: {
      rows: entries.map((columns) => (columns['kind'] === null ? null : toRow(columns))),
      owned: all.filter(({ owned }) => owned === 1).map(toRow),
    },
    last: last ? { createdAt: last['created_at'] as number, id: last['id'] as string } : null,
  }
}
