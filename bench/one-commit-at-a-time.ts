// The number of fsync'd SQLite transactions per second on this disk, one after the other, each with the rows of a CreateKey.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const db = new DatabaseSync(join(process.argv[2] ?? '.', `one-at-a-time-${process.pid}.db`))
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON')
db.exec(
  'CREATE TABLE record (id TEXT PRIMARY KEY, body TEXT, mac BLOB); CREATE TABLE event (seq INTEGER PRIMARY KEY, body TEXT)',
)
const record = db.prepare('INSERT INTO record VALUES (?, ?, ?)')
const event = db.prepare('INSERT INTO event (body) VALUES (?)')
const body = 'x'.repeat(400)
const until = performance.now() + Number(process.argv[3] ?? 2000)
const start = performance.now()
let commits = 0
while (performance.now() < until) {
  db.exec('BEGIN IMMEDIATE')
  for (let i = 0; i < 2; i++) record.run(randomBytes(16).toString('hex'), body, randomBytes(32))
  event.run(body.repeat(3))
  db.exec('COMMIT')
  commits++
}
process.stdout.write(`${JSON.stringify({ perSecond: (commits * 1000) / (performance.now() - start) })}\n`)
