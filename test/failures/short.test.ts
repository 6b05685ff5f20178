// The short form of all.ts: one deployment, in which a server and the primary are killed under load.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cannotDeploy, inCell, prepareJudge } from './cell.ts'
import type { Shown } from './run.ts'
import { HEAD, row } from './table.ts'

const KILLS = ['kill -9 of a server', 'kill -9 of the primary']

describe('a deployment of three servers on PostgreSQL under Patroni', { skip: cannotDeploy() }, () => {
  it('loses nothing when a server is killed, then the primary', async () => {
    await prepareJudge()
    const shown: Shown[] = []
    for await (const line of inCell(KILLS, 1)) shown.push(JSON.parse(line) as Shown)
    console.log([HEAD, ...KILLS.map((name, i) => row(name, shown.slice(i, i + 1)))].join('\n'))
    assert.equal(shown.length, KILLS.length)
    assert.deepEqual(
      shown.flatMap(({ wrongs }) => wrongs),
      [],
    )
  })
})
