// The server with one change: events go to a ring in memory instead of the database. The difference is the cost of recording.
import { readFileSync } from 'node:fs'
import { serve } from '../src/cli/serve.ts'
import { openHouse } from '../src/house/open.ts'
import { openWitnessed } from '../src/house/witnessed.ts'
import { openStorage } from '../src/storage/open.ts'
import type { EventRow, Storage } from '../src/storage/storage.ts'
import { delegate } from '../test/storage/delegate.ts'

const ring = new Array<EventRow | null>(4096).fill(null)
let recorded = 0

async function openUnrecorded(...which: Parameters<typeof openStorage>): Promise<Storage> {
  const storage = await openStorage(...which)
  return {
    ...delegate(storage),
    takeTurn: null,
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
  input: () => process.stdin,
  status: () => {},
  ask: null,
  printsToTerminal: false,
  terminal: false,
  complain: (text) => process.stderr.write(`${text}\n`),
})
