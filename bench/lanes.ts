// Three servers that record on one PostgreSQL, one of them over a slow network: its cost for the others, with one chain of events for all
// (as in releases without lanes), and with a lane for each server. Run it by itself.
import { setTimeout as pause } from 'node:timers/promises'
import { chaining, type WatchfulChaining } from '../src/ledger/chain.ts'
import { Ledger } from '../src/ledger/ledger.ts'
import { UNWATCHED } from '../src/ledger/root-watch.ts'
import { storedServiceWork } from '../src/ledger/stored-event.ts'
import { SYSTEM } from '../src/runtime/system.ts'
import { openStorage } from '../src/storage/open.ts'
import type { Storage } from '../src/storage/storage.ts'
import { beginChain, testKeys } from '../test/storage/chained.ts'
import { farAway } from '../test/storage/far-away.ts'
import { startPostgresql } from '../test/storage/postgresql-server.ts'

const DELAY_MS = 5
const ROUNDS = 7
const ROUND_MS = 2000

interface Recorder {
  readonly storage: Storage
  readonly chain: WatchfulChaining
}

/** Commits batches of one event, one after the other, until `stop`. Returns the batches per second. */
async function recording({ storage, chain }: Recorder, stop: AbortSignal): Promise<number> {
  const event = { eventId: 'e', account: '1', region: 'r', at: 5, body: storedServiceWork('DeleteKey', []) }
  const began = performance.now()
  let batches = 0
  for (; !stop.aborted; batches++) {
    const { outcomes } = await storage.commit([{ changes: [], nonce: null, event, scrub: false }], chain, null)
    if (outcomes[0] !== 'committed') throw new Error(`a batch ended with ${outcomes[0]}`)
  }
  return (batches * 1000) / (performance.now() - began)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

await using postgresql = await startPostgresql()
for (const lanes of [false, true]) {
  const url = postgresql.database()
  await using way = await farAway(url, DELAY_MS)
  const recorders: Recorder[] = []
  for (const [i, database] of [url, url, url, way.url].entries()) {
    const storage = await openStorage(database)
    if (i === 0) await beginChain(storage)
    const chain = chaining(testKeys)
    if (lanes) {
      const { lane } = new Ledger(storage, testKeys, console.error, UNWATCHED, SYSTEM)
      await lane.take(`server-${i}`)
      chain.hold(lane.number, `server-${i}`)
    }
    recorders.push({ storage, chain })
  }
  const [first, second, near, far] = recorders
  if (!first || !second || !near || !far) throw new Error('there are too few servers')
  const kinds = [
    ['idle', null],
    ['as near', near],
    [`${DELAY_MS} ms away`, far],
  ] as const
  const rates = kinds.map((): { two: number; third: number }[] => [])
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, [, third]] of kinds.entries()) {
      const stopping = new AbortController()
      const running = [first, second, third].map((one) => (one ? recording(one, stopping.signal) : 0))
      await pause(ROUND_MS)
      stopping.abort()
      const [a = 0, b = 0, c = 0] = await Promise.all(running)
      rates[i]?.push({ two: a + b, third: c })
    }
  for (const [i, [name]] of kinds.entries()) {
    const some = rates[i] ?? []
    const [two, third] = [median(some.map((one) => one.two)), median(some.map((one) => one.third))]
    const chains = lanes ? 'a lane each' : 'one chain'
    process.stdout.write(
      `${chains}, third server ${name}: the other two record ${Math.round(two)} batches/s together, the third ${Math.round(third)}\n`,
    )
  }
  for (const { storage } of recorders) await storage.close()
}
