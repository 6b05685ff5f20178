// Opens a database by its URL, to copy from it or into it. Loads only the code for that kind of database.
import { isPostgresql } from '../open.ts'
import { addressOf } from '../postgresql-address.ts'
import { nameOf } from '../postgresql-socket.ts'
import type { Indexing } from '../search.ts'
import type { CopySource, CopyTarget, MovedSource } from './copied.ts'

/** Everything in the database at this moment. Throws Unavailable. */
export async function openSource(url: string): Promise<CopySource> {
  if (isPostgresql(url)) return (await import('./postgresql-source.ts')).openPostgresqlSource(url)
  return (await import('./sqlite-source.ts')).openSqliteSource(url)
}

/** The same for a database that is being moved. Throws Unavailable. */
export async function openMoved(url: string): Promise<MovedSource> {
  if (isPostgresql(url)) return (await import('./postgresql-source.ts')).openMovedPostgresql(url)
  return (await import('./sqlite-source.ts')).openMovedSqlite(url)
}

/** Throws Unavailable. */
export async function openCopyTarget(url: string, indexing: Indexing): Promise<CopyTarget> {
  if (isPostgresql(url)) return (await import('./postgresql-target.ts')).openPostgresqlTarget(url, indexing)
  return (await import('./sqlite-target.ts')).openSqliteTarget(url, indexing)
}

/** The database's URL for people to read, without the password. */
export function shownUrl(url: string): string {
  if (!isPostgresql(url)) return url
  const { hosts, database = '' } = addressOf(url)
  return `postgresql://${hosts.map(nameOf).join(',')}/${database}`
}
