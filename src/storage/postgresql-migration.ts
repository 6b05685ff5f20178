// Migrates a PostgreSQL database to the tables of this release, whichever of several servers comes first.
import { FILLING, MOVED, READ_MARK, WasMoved } from './copying/marks.ts'
import { fillPostgresql } from './fill-index.ts'
import { DROP_INDEX, HAS_UNRELEASED_INDEX, INDEXED_SINCE, migrations } from './migrations.ts'
import type { Sql } from './postgresql-connections.ts'
import { checkVersion } from './rows.ts'
import type { Opening } from './search.ts'
import { NotSetUp } from './storage.ts'

/** unique_violation, duplicate_table, duplicate_object */
const DUPLICATE = ['23505', '42P07', '42710']

/** Creates or migrates the tables. Throws Unavailable for a database of a later release, NotSetUp, and what the driver throws. */
export async function migratePostgresql(sql: Sql, opening: Opening): Promise<void> {
  const steps = migrations('postgresql')
  if (opening.existing) {
    const [found] = await sql.unsafe("SELECT to_regclass('strongroom_version')::text AS name")
    if (!found?.['name']) throw new NotSetUp()
  }
  // IF NOT EXISTS does not serialize two servers that start at the same moment: the later one gets a duplicate name.
  await sql
    .unsafe('CREATE TABLE IF NOT EXISTS strongroom_version (version bigint NOT NULL)')
    .catch((error: unknown) => {
      if (!DUPLICATE.includes((error as { code?: string }).code ?? '')) throw error
    })
  await sql.begin(async (transaction) => {
    await transaction.unsafe('LOCK TABLE strongroom_version IN EXCLUSIVE MODE')
    const [row] = await transaction.unsafe('SELECT max(version) AS version FROM strongroom_version')
    let from = Number(row?.['version'] ?? 0)
    if (opening.filling && from === FILLING) return
    if (from === MOVED) throw new WasMoved(String((await transaction.unsafe(READ_MARK))[0]?.['moved_to']))
    checkVersion(from, steps.length)
    if ((await transaction.unsafe(HAS_UNRELEASED_INDEX.postgresql)).length > 0) {
      await transaction.unsafe(DROP_INDEX)
      from = INDEXED_SINCE - 1
    }
    for (const statement of steps.slice(from).flat()) await transaction.unsafe(statement)
    if (from < INDEXED_SINCE) await fillPostgresql(transaction, opening)
    if (from < steps.length) await transaction.unsafe('INSERT INTO strongroom_version VALUES ($1)', [steps.length])
  })
}
