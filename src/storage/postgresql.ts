// The shared store: PostgreSQL. A batch is one pipelined transaction; a guard that fails aborts it, and its calls are tried one by one.
import postgres from 'postgres'
import { migrations, type Statements, statements } from './queries.ts'
import { checkVersion, stepsOf, toEvent, toRow, type Value } from './rows.ts'
import {
  type Commit,
  type EventRow,
  type Outcome,
  type Place,
  type Range,
  type Row,
  type Storage,
  Unavailable,
} from './storage.ts'

const CONNECTIONS = 8

/** Connects to (and migrates) the database that `url` names. Throws Unavailable when it can't. */
export async function openPostgresql(url: string): Promise<Storage> {
  const sql = postgres(url, {
    max: CONNECTIONS,
    connect_timeout: 10,
    onnotice: () => {},
    transform: { undefined: null },
    types: { bigint: { to: 20, from: [20], serialize: String, parse: Number } },
  })
  await reaching(() => migrate(sql))
  return new PostgresqlStorage(sql)
}

type Sql = postgres.Sql<{ bigint: number }>

async function migrate(sql: Sql): Promise<void> {
  const steps = migrations('postgresql')
  await sql.unsafe('CREATE TABLE IF NOT EXISTS strongroom_version (version bigint NOT NULL)')
  await sql.begin(async (transaction) => {
    await transaction.unsafe('LOCK TABLE strongroom_version IN EXCLUSIVE MODE')
    const [row] = await transaction.unsafe('SELECT max(version) AS version FROM strongroom_version')
    const from = Number(row?.['version'] ?? 0)
    checkVersion(from, steps.length)
    for (const statement of steps.slice(from).flat()) await transaction.unsafe(statement)
    if (from < steps.length) await transaction.unsafe('INSERT INTO strongroom_version VALUES ($1)', [steps.length])
  })
}

class PostgresqlStorage implements Storage {
  readonly #sql: Sql
  readonly #texts: Statements = statements('postgresql')

  constructor(sql: Sql) {
    this.#sql = sql
  }

  async #all(statement: keyof Statements, values: Value[]): Promise<readonly Record<string, unknown>[]> {
    return reaching(() => this.#sql.unsafe(this.#texts[statement], values, { prepare: true }))
  }

  async get(kind: string, account: string, region: string, id: string): Promise<Row | null> {
    const [row] = await this.#all('get', [kind, account, region, id])
    return row ? toRow(row) : null
  }

  async page(range: Range, offset: number, limit: number, total: number): Promise<readonly Row[]> {
    const { kind, account, region, parent } = range
    const name = parent === null ? 'page' : 'ownedPage'
    const place = parent === null ? [kind, account, region] : [kind, account, region, parent]
    if (offset <= total / 2) return (await this.#all(name, [...place, limit, offset])).map(toRow)
    const size = Math.min(limit, Math.max(0, total - offset))
    const rows = await this.#all(`${name}FromEnd`, [...place, size, Math.max(0, total - offset - limit)])
    return rows.map(toRow).reverse()
  }

  async between({ kind, account, region }: Place, after: string, before: string, limit: number) {
    return (await this.#all('between', [kind, account, region, after, before, limit])).map(toRow)
  }

  async count({ kind, account, region, parent }: Range): Promise<number> {
    const [row] =
      parent === null
        ? await this.#all('count', [kind, account, region])
        : await this.#all('ownedCount', [kind, account, region, parent])
    return Number(row?.['n'] ?? 0)
  }

  async due(kind: string, now: number, limit: number): Promise<readonly Row[]> {
    return (await this.#all('due', [kind, now, limit])).map(toRow)
  }

  async commit(batch: readonly Commit[]): Promise<readonly Outcome[]> {
    return reaching(async () => {
      const together = await this.#transaction(batch)
      if (together === 'committed') return batch.map(() => together)
      if (batch.length === 1) return [together]
      const outcomes: Outcome[] = []
      for (const commit of batch) outcomes.push(await this.#transaction([commit]))
      return outcomes
    })
  }

  /** All of the calls or none, in one round trip. */
  async #transaction(batch: readonly Commit[]): Promise<Outcome> {
    const connection = await this.#sql.reserve()
    try {
      const results = await Promise.allSettled([
        connection.unsafe('BEGIN'),
        ...batch.flatMap((commit) =>
          this.#steps(commit).map(([text, values]) => connection.unsafe(text, values, { prepare: true })),
        ),
        connection.unsafe('COMMIT'),
      ])
      const failure = results.find((result) => result.status === 'rejected')
      if (!failure) return 'committed'
      return outcomeOf(failure.reason)
    } finally {
      connection.release()
    }
  }

  #steps({ changes, nonce, event }: Commit): [string, Value[]][] {
    const steps: [string, Value[]][] = []
    if (nonce) steps.push([`/* nonce-used */ ${must(this.#texts.nonce)}`, [nonce.digest, nonce.expiresAt]])
    for (const { statement, values, otherwise } of changes.flatMap(stepsOf)) {
      if (statement === 'stepTally') steps.push([this.#texts.openTally, values.slice(1, 4)])
      steps.push([`/* ${otherwise} */ ${must(this.#texts[statement])}`, values])
    }
    if (event) steps.push([this.#texts.event, [event.eventId, event.account, event.region, event.at, event.body]])
    return steps
  }

  async dropNonces(now: number, limit: number): Promise<number> {
    return (await this.#all('dropNonces', [now, limit])).length
  }

  async events(afterSeq: number, limit: number): Promise<readonly (EventRow & { seq: number })[]> {
    return (await this.#all('events', [afterSeq, limit])).map(toEvent)
  }

  async close(): Promise<void> {
    await this.#sql.end({ timeout: 5 })
  }
}

/** Makes a guarded statement fail (division by zero) when it touched no row, so that a pipelined transaction aborts by itself. */
function must(guarded: string): string {
  return `WITH touched AS (${guarded}) SELECT 1 / (SELECT count(*) FROM touched)`
}

const OUTCOMES = ['moved', 'full', 'nonce-used'] as const

function outcomeOf(error: unknown): Outcome {
  const { code, query } = error as { code?: string; query?: string }
  if (code === '22012') return OUTCOMES.find((outcome) => query?.startsWith(`/* ${outcome} */`)) ?? 'moved'
  if (code === '40001' || code === '40P01') return 'moved'
  throw error
}

/** Errors of the connection and of the server become Unavailable. */
async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && ('code' in error || error.name === 'PostgresError'))
      throw new Unavailable(`PostgreSQL: ${error.message}`, { cause: error })
    throw error
  }
}
