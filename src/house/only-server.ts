// Lets one server at a time serve a data folder whose database only one server can use.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * Locks the data folder for this server. The system releases the lock when the process ends, however it ends. Throws when another server
 * holds it.
 */
export function onlyServer(data: string): Disposable {
  const lock = new DatabaseSync(join(data, 'serving.lock'))
  try {
    lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
  } catch {
    lock.close()
    throw new Error(`another strongroom serves \`${data}\`: stop it, or choose another folder with --data`)
  }
  return { [Symbol.dispose]: () => lock.close() }
}
