// The tables as Kysely sees them, in both dialects.
import type { Kysely as Database, Generated, LimitNode } from 'kysely'
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteQueryCompiler,
} from './kysely.ts'

interface RecordTable {
  kind: string
  account: string
  region: string
  id: string
  parent: string | null
  created_at: number
  due: number | null
  revision: number
  body: string
  mac: Uint8Array
}

interface EventTable {
  seq: number
  event_id: string
  account: string
  region: string
  at: number
  body: string
  hash: string
  change: number | null
}

interface EventIndexTable {
  first_seq: number
  last_seq: number
  from_at: number
  to_at: number
  last_hash: string
  terms_hash: string
  postings_hash: string
  mac: Uint8Array
  terms: Uint8Array
  postings: Uint8Array
}

interface RecordIndexTable {
  created_at: number
  /** Until then, the record is found and has `facets`; in milliseconds since 1970, and FOREVER where nothing changes by itself. */
  steady_until: number
  facets: number
  /** The facets from `steady_until` to `gone_at`. */
  later: number
  /** From then on, no search finds the record; FOREVER for never. */
  gone_at: number
  /** The `placeKey` of the record. One comparison takes less time than three of kind, account and region. */
  place: string
  id: string
  /** In UTF-8. PostgreSQL searches in bytes, and would convert the text of each entry. */
  words: Uint8Array
  labels: Uint8Array
  parent: string | null
}

export interface Tables {
  record: RecordTable
  record_index: RecordIndexTable
  tally: { kind: string; account: string; region: string; n: number }
  nonce: { digest: Uint8Array; expires_at: number }
  nonce_batch: { seq: Generated<number>; expires_at: number; digests: Uint8Array }
  event: EventTable
  event_index: EventIndexTable
  change_number: { n: number }
  change_log: { n: number; records: string }
}

export type Dialect = 'sqlite' | 'postgresql'

/** Hides from SQLite that a limit is a parameter. It would plan with the parameter's value, and so compile the statement at each execution. */
class SqliteCompiler extends SqliteQueryCompiler {
  protected override visitLimit(node: LimitNode): void {
    super.visitLimit(node)
    if (!('immediate' in node.limit)) this.append(' + 0')
  }
}

/** Builds and compiles statements. It runs none. */
export function builder(dialect: Dialect): Database<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => (dialect === 'sqlite' ? new SqliteAdapter() : new PostgresAdapter()),
      createDriver: () => new DummyDriver(),
      createQueryCompiler: () => (dialect === 'sqlite' ? new SqliteCompiler() : new PostgresQueryCompiler()),
      createIntrospector: () => {
        throw new Error('statements are only compiled here')
      },
    },
  })
}
