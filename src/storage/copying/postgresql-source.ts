// A PostgreSQL database at one moment: a REPEATABLE READ transaction reads it while servers write.
import { within } from '../lost-connection.ts'
import { migrations } from '../migrations.ts'
import { type Connection, connect, type Pool, reaching, reserve } from '../postgresql-connections.ts'
import type { Bound, Value } from '../statement.ts'
import { HEAD_PLACE, Unavailable } from '../storage.ts'
import type { CopySource, MovedSource } from './copied.ts'
import { FILLING, isBeingFilled, MAKE_MARK_TABLE, MARK_TABLE, MOVED, READ_MARK, WasMoved } from './marks.ts'
import { demandSchema, PagedSource } from './paged-source.ts'

const CONNECTION_PATIENCE_MS = 10_000
/** The time for one query: a page of rows, or a count of all rows. */
const QUERY_PATIENCE_MS = 600_000

/** Locks what every commit changes: the change number or a head. */
const HOLD = [
  'SELECT n FROM change_number FOR UPDATE',
  `SELECT id FROM record WHERE kind = '${HEAD_PLACE.kind}' FOR UPDATE`,
]

class PostgresqlSource extends PagedSource implements CopySource {
  readonly #pool: Pool
  readonly #connection: Connection
  readonly schema = migrations('postgresql').length

  constructor(pool: Pool, connection: Connection) {
    super('postgresql')
    this.#pool = pool
    this.#connection = connection
  }

  /** `hold`: whether nobody else may write until the end. */
  async begin(hold: boolean): Promise<number> {
    const [schema] = await this.run("SELECT to_regclass('strongroom_version')::text")
    if (!schema?.[0]) throw new Unavailable('the database is empty: is it the one that servers use?')
    await this.run(`BEGIN ISOLATION LEVEL REPEATABLE READ${hold ? '' : ' READ ONLY'}`)
    if (hold) for (const text of HOLD) await this.run(text)
    const [row] = await this.run('SELECT max(version) FROM strongroom_version')
    const version = Number(row?.[0] ?? 0)
    if (version === FILLING) throw isBeingFilled()
    if (version !== MOVED) demandSchema(version, this.schema)
    else if (!hold) throw new WasMoved(String((await this.run(READ_MARK))[0]?.[2]))
    return version
  }

  run(text: string, values: Value[] = []): Promise<readonly (readonly Value[])[]> {
    return reaching(async () => {
      const query = this.#connection.unsafe(text, values, { prepare: values.length > 0 }).values()
      return (await within(QUERY_PATIENCE_MS, query, this.#pool.underWay)) as unknown as readonly (readonly Value[])[]
    })
  }

  protected all({ text, values }: Bound): Promise<readonly (readonly Value[])[]> {
    return this.run(text, values)
  }

  async clock(): Promise<number> {
    const [row] = await this.run('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8')
    return Number(row?.[0])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Closing the connection ends the transaction.
    await this.#pool.end(0)
  }
}

async function opened<S>(url: string, make: (pool: Pool, connection: Connection) => Promise<S>): Promise<S> {
  const pool = connect(url)
  try {
    return await make(pool, await reaching(() => reserve(pool, CONNECTION_PATIENCE_MS)))
  } catch (error) {
    await pool.end(0)
    throw error
  }
}

/** Throws Unavailable. */
export function openPostgresqlSource(url: string): Promise<CopySource> {
  return opened(url, async (pool, connection) => {
    const source = new PostgresqlSource(pool, connection)
    await source.begin(false)
    return source
  })
}

class PostgresqlMovedSource extends PostgresqlSource implements MovedSource {
  fingerprint = ''
  movedTo: string | null = null

  async look(): Promise<this> {
    const isMoved = (await this.begin(true)) === MOVED
    const [mark] = isMoved ? await this.run(READ_MARK) : []
    this.fingerprint = mark ? String(mark[0]) : await this.fingerprintNow()
    this.movedTo = mark ? String(mark[2]) : null
    return this
  }

  async markMoved(to: string): Promise<void> {
    await this.run(MAKE_MARK_TABLE)
    await this.run(`INSERT INTO ${MARK_TABLE} VALUES ($1, 0, $2)`, [this.fingerprint, to])
    await this.run('INSERT INTO strongroom_version VALUES ($1)', [MOVED])
    // A server that was paused all the time finds a lower change number, and commits nothing more.
    await this.run('UPDATE change_number SET n = 0')
    await this.run('COMMIT')
  }
}

/** The same for a database that is being moved: nobody else writes to it meanwhile. */
export function openMovedPostgresql(url: string): Promise<MovedSource> {
  return opened(url, (pool, connection) => new PostgresqlMovedSource(pool, connection).look())
}
