// Chooses the adapter by the database's URL.
import { type Opening, UNINDEXED } from './search.ts'
import type { Storage } from './storage.ts'

/** Whether the URL names a PostgreSQL server. */
export function isPostgresql(url: string): boolean {
  return /^postgres(ql)?:\/\//.test(url)
}

/** `postgresql://…` names a server; anything else is the path of a SQLite file. Loads only the code for that kind of database. */
export async function openStorage(url: string, opening: Opening = UNINDEXED): Promise<Storage> {
  if (isPostgresql(url)) return (await import('./postgresql.ts')).openPostgresql(url, opening)
  return (await import('./sqlite.ts')).openSqlite(url, opening)
}
