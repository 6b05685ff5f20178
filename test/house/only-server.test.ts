// The lock on a data folder and its SQLite database.
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
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

  it('names a lock file that can not be used, in place of a server that is not there', () => {
    const data = temporaryFolder()
    const file = join(data, 'serving.lock')
    const said = (error: Error) =>
      error.message.startsWith(`\`${file}\`, which keeps a second server away, can't be used: `)
    writeFileSync(file, 'no database, however long it is read: '.repeat(99))
    assert.throws(() => onlyServer({ data, database: null }), said)
    rmSync(file)
    mkdirSync(file)
    assert.throws(() => onlyServer({ data, database: null }), said)
    removeFolder(data)
  })
})
