// Reads all rows of a database, page by page, in one transaction.
import { createHash } from 'node:crypto'
import { toRow } from '../rows.ts'
import type { Bound, Value } from '../statement.ts'
import { HEAD_PLACE, type Row, Unavailable } from '../storage.ts'
import type { Dialect } from '../tables.ts'
import { COPIED, type Copied, type CopiedName, type CopiedTable, type Counts, pageStatement, TABLES } from './copied.ts'

/** The tables of nonces in each database. */
const NONCES: Readonly<Record<Dialect, CopiedTable & { readonly name: string; readonly digests: number }>> = {
  sqlite: {
    name: 'nonce_batch',
    columns: [
      ['seq', 'bigint'],
      ['expires_at', 'bigint'],
      ['digests', 'bytea'],
    ],
    digests: 2,
    key: ['seq'],
    before: [Number.MIN_SAFE_INTEGER],
    atOnce: 500,
  },
  postgresql: {
    name: 'nonce',
    columns: [
      ['digest', 'bytea'],
      ['expires_at', 'bigint'],
    ],
    digests: 0,
    key: ['digest'],
    before: [new Uint8Array(0)],
    atOnce: 2000,
  },
}
const EXPIRES_AT = 'expires_at'

type Values = readonly Value[]

export abstract class PagedSource {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  /** The rows of a statement as values of columns. Throws Unavailable. */
  protected abstract all(bound: Bound): Promise<readonly Values[]>

  async #one(text: string): Promise<Value> {
    const [row] = await this.all({ text, values: [] })
    return row?.[0] ?? null
  }

  async counts(): Promise<Counts> {
    const counts: Partial<Record<CopiedName, number>> = {}
    for (const name of COPIED) {
      const table = name === 'nonces' ? NONCES[this.#dialect].name : name
      counts[name] = Number(await this.#one(`SELECT count(*) FROM ${table}`))
    }
    return counts as Counts
  }

  async revisions(kind: string): Promise<ReadonlyMap<string, number>> {
    const mark = this.#dialect === 'sqlite' ? '?' : '$1'
    const rows = await this.all({ text: `SELECT id, revision FROM record WHERE kind = ${mark}`, values: [kind] })
    return new Map(rows.map(([id, revision]) => [String(id), Number(revision)]))
  }

  async ofKind(kind: string, atMost: number): Promise<readonly Row[]> {
    const found: Row[] = []
    const { record } = TABLES
    for await (const page of this.#pages(record, 'record', [kind, '', '', ''])) {
      const rows = page.map((row) => toRow(Object.fromEntries(record.columns.map(([name], i) => [name, row[i]]))))
      const those = rows.filter((row) => row.kind === kind)
      found.push(...those)
      if (those.length < rows.length || found.length >= atMost) break
    }
    return found.slice(0, atMost)
  }

  async *rows(): AsyncGenerator<readonly Copied[]> {
    const nonces = NONCES[this.#dialect]
    const expiry = nonces.columns.findIndex(([name]) => name === EXPIRES_AT)
    for (const name of COPIED)
      if (name === 'change_number') yield [[name, await this.changeNumber()]]
      else if (name === 'nonces')
        for await (const page of this.#pages(nonces, nonces.name))
          yield page.map((row): Copied => [name, plain(row[expiry]), plain(row[nonces.digests])])
      else
        for await (const page of this.#pages(TABLES[name], name))
          yield page.map((row): Copied => [name, ...row.map(plain)])
  }

  async *#pages(table: CopiedTable, name: string, from: Values = table.before): AsyncGenerator<readonly Values[]> {
    const page = pageStatement(table, name, this.#dialect)
    const places = table.key.map((column) => table.columns.findIndex(([name]) => name === column))
    for (let after = from; ; ) {
      const key = Object.fromEntries(table.key.map((column, i) => [column, after[i] ?? null]))
      const rows = await this.all(page({ ...key, limit: table.atOnce }))
      if (rows.length > 0) yield rows
      const last = rows.at(-1)
      if (!last || rows.length < table.atOnce) return
      after = places.map((place) => last[place] ?? null)
    }
  }

  protected async changeNumber(): Promise<number> {
    return Number(await this.#one('SELECT n FROM change_number'))
  }

  /** See MovedSource. Every change of the database moves a head or the change number. */
  protected async fingerprintNow(): Promise<string> {
    const text = `SELECT mac FROM record WHERE kind IN ('installation', '${HEAD_PLACE.kind}') ORDER BY kind, id`
    const digest = createHash('sha256').update(`${await this.changeNumber()}\n`)
    for (const [mac] of await this.all({ text, values: [] })) digest.update(mac as Uint8Array)
    return digest.digest('base64url')
  }
}

function plain(value: Value | undefined): string | number | null {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : (value ?? null)
}

/** Throws Unavailable when the tables have another release's version. */
export function demandSchema(found: number, known: number): void {
  if (found !== known)
    throw new Unavailable(
      `the database has version ${found}, and this program reads version ${known}: use the release that serves it, or serve it with this one first`,
    )
}
