// Chooses the adapter by the database's URL.
import { openPostgresql } from './postgresql.ts'
import { type Opening, UNINDEXED } from './search.ts'
import { openSqlite } from './sqlite.ts'
import type { Storage } from './storage.ts'

/** `postgresql://…` names a server; anything else is the path of a SQLite file. */
export async function openStorage(url: string, opening: Opening = UNINDEXED): Promise<Storage> {
  return /^postgres(ql)?:\/\//.test(url) ? openPostgresql(url, opening) : openSqlite(url, opening)
}
