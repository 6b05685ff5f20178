// The server as it is, but for its events: they go to a ring in memory instead of the database. What recording costs is the difference.
import { readFileSync } from 'node:fs'
import { serve } from '../src/cli/serve.ts'
import { openHouse } from '../src/house/open.ts'
import { openWitnessed } from '../src/house/witnessed.ts'
import { openStorage } from '../src/storage/open.ts'
import type { EventRow, Storage } from '../src/storage/storage.ts'

const ring = new Array<EventRow | null>(4096).fill(null)
let recorded = 0

async function openUnrecorded(...which: Parameters<typeof openStorage>): Promise<Storage> {
  const storage = await openStorage(...which)
  return {
    commitsAtOnce: storage.commitsAtOnce,
    failure: storage.failure,
    risks: storage.risks,
    synced: () => storage.synced(),
    get: (...place) => storage.get(...place),
    page: (...where) => storage.page(...where),
    pageAfter: (...where) => storage.pageAfter(...where),
    between: (...where) => storage.between(...where),
    search: (...which) => storage.search(...which),
    searchById: (...which) => storage.searchById(...which),
    count: (range) => storage.count(range),
    due: (...when) => storage.due(...when),
    scan: (...where) => storage.scan(...where),
    size: () => storage.size(),
    takeTurn: null,
    changesSince: (number) => storage.changesSince(number),
    dropNonces: (...when) => storage.dropNonces(...when),
    events: storage.events,
    close: () => storage.close(),
    commit: (batch, chaining, basis) => {
      for (const { event } of batch) ring[recorded++ % ring.length] = event
      return storage.commit(
        batch.map((commit) => ({ ...commit, event: null })),
        chaining,
        basis,
      )
    },
  }
}

const open = (...given: Parameters<typeof openHouse>) => openHouse(given[0], given[1], given[2], openUnrecorded)
process.exitCode = await serve(process.argv.slice(2), (...given) => openWitnessed(...given, open), {
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
  print: (text) => process.stdout.write(`${text}\n`),
  output: process.stdout,
  status: () => {},
  ask: null,
  terminal: false,
  complain: (text) => process.stderr.write(`${text}\n`),
})
