// The lock on a data folder and its SQLite database.
import assert from 'node:assert/strict'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { onlyServer } from '../../src/house/only-server.ts'
import { removeFolder, temporaryFolder } from '../acceptance/program.ts'

describe('the lock of a server', () => {
  it('covers a database that is a symbolic link in the data folder, and its error names it', () => {
    const [one, two, three] = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
    const file = join(three, 'kms.db')
    writeFileSync(file, '')
    for (const data of [one, two]) symlinkSync(file, join(data, 'strongroom.db'))
    const lock = onlyServer({ data: one, database: null })
    const message = `another strongroom serves the database \`${join(two, 'strongroom.db')}\``
    assert.throws(
      () => onlyServer({ data: two, database: null }),
      (error: Error) => error.message.startsWith(message),
    )
    lock[Symbol.dispose]()
    onlyServer({ data: two, database: null })[Symbol.dispose]()
    for (const folder of [one, two, three]) removeFolder(folder)
  })
})
