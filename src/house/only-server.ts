// Lets one server at a time use a data folder and the SQLite database of its settings.
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Data, databaseUrl } from '../settings/root-key.ts'

/**
 * Locks the data folder and the SQLite database for this server. The system releases the locks when the process ends, however it ends.
 * Throws when another server holds one of them, or a lock file can't be used.
 */
export function onlyServer(settings: Pick<Data, 'data' | 'database'>): Disposable {
  const database = databaseUrl(settings)
  const [folder, file] = [folderLock(settings.data), databaseLock(database)]
  using held = new DisposableStack()
  held.use(locked(folder, `\`${settings.data}\`: stop it, or choose another folder with --data`))
  if (file !== null && file !== folder)
    held.use(locked(file, `the database \`${database}\`: stop it, or choose another database with --database`))
  return held.move()
}

function folderLock(folder: string): string {
  return join(realpathSync(folder), 'serving.lock')
}

/** The same file for every path to the database; null for a database that has no file yet. */
function databaseLock(database: string): string | null {
  if (!existsSync(database)) return null
  const path = realpathSync(database)
  // A data folder and its own database have one lock.
  const isOwn = path === databaseUrl({ data: dirname(path), database: null })
  return isOwn ? folderLock(dirname(path)) : `${path}.serving.lock`
}

/** SQLite's primary code for a file that another process has locked; extended codes add multiples of 256. */
const BUSY = 5

function locked(file: string, what: string): Disposable {
  const lock = opened(file)
  try {
    lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === BUSY)
      throw new Error(`another strongroom serves ${what}`)
    throw unusable(file, error)
  }
  return { [Symbol.dispose]: () => lock.close() }
}

function opened(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file)
  } catch (error) {
    throw unusable(file, error)
  }
}

function unusable(file: string, error: unknown): Error {
  return new Error(
    `\`${file}\`, which keeps a second server away, can't be used: ${(error as Error).message}: correct the permissions of its folder, or remove the file while no server runs`,
    { cause: error },
  )
}
