// One server at a time on a data folder whose database only one can serve.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Holds the data folder for this server; the lock ends with the process, however the process ends. Throws when another holds it. */
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
