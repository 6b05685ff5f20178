// Large batches on PostgreSQL take one round trip, as small ones do.
import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { openPostgresql } from '../../src/storage/postgresql.ts'
import type { Commit, Row, RowChange, Storage } from '../../src/storage/storage.ts'
import { beginChain, commit } from './chained.ts'
import { type PostgresqlServer, startPostgresql } from './postgresql-server.ts'

/** As the protocol has it: a text that ends. */
const COMMIT = 'COMMIT\0'

/** A way to the server at `url` that can keep back all answers until the client sends COMMIT. */
async function withholding(url: string) {
  const { port } = new URL(url)
  const open = new Set<Socket>()
  const kept: (() => void)[] = []
  let keeps = false
  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1')
    let end = ''
    client.on('data', (data) => {
      const sent = `${end}${data.toString('latin1')}`
      const ends = sent.includes(COMMIT)
      end = ends ? '' : sent.slice(1 - COMMIT.length)
      if (ends) {
        keeps = false
        for (const answer of kept.splice(0)) answer()
      }
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      const answer = () => void client.write(data)
      if (keeps) kept.push(answer)
      else answer()
    })
    for (const socket of [client, upstream]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        client.destroy()
        upstream.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const through = new URL(url)
  through.port = String((server.address() as AddressInfo).port)
  return {
    url: through.href,
    keepBack() {
      keeps = true
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const call = (eventId: string, changes: readonly RowChange[], body: string): Commit => ({
  ...{ changes, nonce: null, scrub: false },
  event: { eventId, account: '1', region: 'r', at: 5, body },
})

describe('a batch on PostgreSQL is sent whole before any answer comes', () => {
  let server: PostgresqlServer
  before(async () => {
    server = await startPostgresql()
  })
  after(() => server[Symbol.asyncDispose]())

  /** Commits batches, the last of which gets no answer before its COMMIT. The earlier ones prepare its statements. */
  async function commitAll(batchOf: (round: number) => readonly Commit[]): Promise<void> {
    await using way = await withholding(server.database())
    const storage: Storage = await openPostgresql(way.url, undefined, 5000)
    try {
      await beginChain(storage)
      for (let round = 1; round <= 3; round++) {
        if (round === 3) way.keepBack()
        const batch = batchOf(round)
        assert.deepEqual(await commit(storage, batch), Array(batch.length).fill('committed'))
      }
    } finally {
      await storage.close()
    }
  }

  it('with a megabyte of events', () =>
    commitAll((round) => Array.from({ length: 512 }, (_, i) => call(`${round}-${i}`, [], 'x'.repeat(2000)))))

  it('with hundreds of changes', () => {
    const row = (id: string, revision: number): Row => ({
      ...{ kind: 'thing', account: '1', region: 'r', id, parent: null, createdAt: 1, dueAt: null, revision },
      ...{ body: `${revision}`, mac: new Uint8Array(32) },
    })
    const change = (id: string, round: number): RowChange =>
      round === 1
        ? { change: 'insert', row: row(id, 1), counted: null }
        : { change: 'update', row: row(id, round), before: row(id, round - 1) }
    return commitAll((round) =>
      Array.from({ length: 300 }, (_, i) => call(`${round}-${i}`, [change(`${i}`, round)], '{}')),
    )
  })
})
