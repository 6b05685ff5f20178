// Refuses a database that nobody has set up. Most verbs work on what servers have stored: without it, somebody mistyped its place, and
// setting it up there would report an empty trail as intact.
import { readInstallation } from '../rootkeys/installation-record.ts'
import { databaseUrl, isShared } from '../settings/root-key.ts'
import type { Settings } from '../settings/settings.ts'
import { shownUrl } from '../storage/copying/open.ts'
import type { openStorage } from '../storage/open.ts'
import { UNINDEXED } from '../storage/search.ts'
import { isThere } from '../storage/sqlite-file.ts'
import { HEAD_PLACE, NotSetUp, type Storage } from '../storage/storage.ts'

/** Throws where the settings name a SQLite file that does not exist, or that this user can't read. */
export function demandFile(settings: Settings): void {
  if (!isShared(settings) && !isThere(databaseUrl(settings))) throw missing(databaseUrl(settings))
}

/** As `open`, for databases that are set up. */
export function openingExisting(open: typeof openStorage): typeof openStorage {
  return async (url, opening) => {
    const storage = await open(url, { ...UNINDEXED, ...opening, existing: true }).catch((error: unknown) => {
      throw error instanceof NotSetUp ? missing(url) : error
    })
    try {
      if (await isSetUp(storage)) return storage
      throw missing(url)
    } catch (error) {
      await storage.close()
      throw error
    }
  }
}

/** Whether a server has begun to set the database up. One that has only a part of it is damaged, which is for the caller to say. */
async function isSetUp(storage: Storage): Promise<boolean> {
  const { kind, account, region } = HEAD_PLACE
  const heads = await storage.between({ kind, account, region }, '', '~', 1)
  return heads.length > 0 || (await readInstallation(storage)) !== null
}

function missing(url: string): Error {
  return new Error(
    `there is no database of Strongroom at \`${shownUrl(url)}\`: name the data folder of your server with --data, or its database with --database`,
  )
}
