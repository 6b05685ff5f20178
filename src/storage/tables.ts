// The tables as Kysely sees them, in both dialects.
import type { Kysely as Database, Generated } from 'kysely'
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
  kind: string
  account: string
  region: string
  created_at: number
  id: string
  /** Until then, the record is found, and by its first facets. */
  steady_until: number
  facets: number
  words: string
  labels: string
  parent: string | null
  gone_at: number | null
  turns_at: number | null
  later: number | null
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

/** Builds and compiles statements. It runs none. */
export function builder(dialect: Dialect): Database<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => (dialect === 'sqlite' ? new SqliteAdapter() : new PostgresAdapter()),
      createDriver: () => new DummyDriver(),
      createQueryCompiler: () => (dialect === 'sqlite' ? new SqliteQueryCompiler() : new PostgresQueryCompiler()),
      createIntrospector: () => {
        throw new Error('statements are only compiled here')
      },
    },
  })
}
