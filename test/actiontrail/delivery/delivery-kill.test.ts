// The real program, killed again and again while it delivers: nothing is lost, and what is there twice is the same, byte by byte.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { verifyDelivered } from '../../../src/actiontrail/delivery/verify-delivered.ts'
import { openHouse } from '../../../src/house/open.ts'
import { readSettings } from '../../../src/settings/settings.ts'
import {
  call,
  type Program,
  removeFolder,
  runProgram,
  startProgram,
  temporaryFolder,
} from '../../acceptance/program.ts'
import { times } from '../../size.ts'
import { until } from '../../until.ts'
import { copyIn, deliveredEvents, filesBelow } from '../trails.ts'

const KILLS = times('kills while delivering')
const TRAIL = { Version: '2020-07-06', Name: 'killed-trail' }
const FLAGS = ['--delivery-interval-seconds', '1', '--region', 'cn-hangzhou,cn-beijing,cn-shanghai']

describe('a server killed while it delivers', () => {
  const data = temporaryFolder()
  after(() => removeFolder(data))
  const acknowledged = new Set<string>()
  const seen = new Map<string, string>()
  let bucket = ''
  let halves = 0

  async function work({ endpoint, credentials }: Program): Promise<void> {
    try {
      for (let n = 0; ; n++) {
        const RegionId = ['cn-hangzhou', 'cn-beijing', 'cn-shanghai'][n % 3] ?? ''
        const { status, body } = await call(endpoint, credentials, 'CreateKey', { RegionId }, Date.now())
        assert.equal(status, 200, JSON.stringify(body))
        acknowledged.add(body.RequestId)
      }
    } catch (error) {
      // The server was killed in the middle of a call: that one was not acknowledged.
      if (error instanceof assert.AssertionError) throw error
    }
  }

  /** An object that was there once never changes, whatever is written to its name again. */
  function noteObjects(): void {
    for (const path of filesBelow(bucket)) {
      const sha256 = createHash('sha256')
        .update(readFileSync(join(bucket, path)))
        .digest('hex')
      assert.equal(seen.get(path) ?? sha256, sha256, path)
      seen.set(path, sha256)
    }
  }

  /** Waits until the first object of a batch is there. */
  async function firstOfBatch(): Promise<void> {
    const before = filesBelow(bucket).length
    while (filesBelow(bucket).length === before) await pause(1)
  }

  /** Whether objects lie there that no digest names yet. */
  function batchInHalves(): boolean {
    const files = filesBelow(bucket)
    const named = files
      .filter((path) => path.endsWith('.json'))
      .flatMap((path) => JSON.parse(readFileSync(join(bucket, path), 'utf8')).digest.objects as { name: string }[])
    return files.length > named.length + files.filter((path) => path.endsWith('.json')).length
  }

  it(`delivers all that was acknowledged through ${KILLS} kills, of which some come in the middle of a batch`, async () => {
    const first = await startProgram({ data, flags: FLAGS })
    bucket = join(data, 'trails', first.credentials.accountId, 'killed-bucket')
    assert.equal((await first.call('CreateTrail', { ...TRAIL, OssBucketName: 'killed-bucket' })).status, 200)
    assert.equal((await first.call('StartLogging', TRAIL)).status, 200)
    assert.equal(await first.stop(), 0)
    for (let kill = 0; kill < KILLS || halves === 0; kill++) {
      const program = await startProgram({ data, flags: FLAGS })
      const caller = work(program)
      const before = acknowledged.size
      await Promise.race([caller, until(() => acknowledged.size > before + 1)])
      await (kill % 2 === 0 ? pause(Math.random() * 1200) : firstOfBatch())
      await program.stop('SIGKILL')
      await caller
      noteObjects()
      if (batchInHalves()) halves++
    }
    const program = await startProgram({ data, flags: FLAGS })
    assert.equal((await program.call('StopLogging', TRAIL)).status, 200)
    const waiting = async () => (await program.call('GetTrailStatus', TRAIL)).body
    for (let quiet = 0; quiet < 3; ) {
      await pause(500)
      quiet = (await waiting()).DeliveryLagSeconds === 0 ? quiet + 1 : 0
    }
    const { LatestDigestNumber, DigestChain } = await waiting()
    assert.equal(await program.stop(), 0)
    noteObjects()
    const ids = deliveredEvents(bucket).map(({ eventId }) => eventId as string)
    assert.equal(new Set(ids).size, ids.length, 'no event lies in two objects')
    const delivered = new Set(ids)
    assert.ok(acknowledged.size > KILLS)
    for (const id of acknowledged) assert.ok(delivered.has(id), `the event of ${id} was delivered`)

    const house = await openHouse(
      readSettings(['--data', data], {}, () => ''),
      () => {},
      Date.now(),
    )
    await house.storage.close()
    const expected = { number: LatestDigestNumber, chain: DigestChain }
    const verdict = await verifyDelivered(copyIn(bucket), house.trailSigner.publicKey, { expected })
    assert.deepEqual([verdict.fault, verdict.uncovered, verdict.events], [null, [], ids.length])
    assert.ok(verdict.digests > KILLS / 5, `${verdict.digests} digests`)
  })

  it('serves the command line, too', async () => {
    const program = await startProgram({ data, flags: FLAGS })
    const args = ['actiontrail', 'DescribeTrails', '--endpoint', program.endpoint, '--data', data]
    const { code, out } = await runProgram(args)
    assert.deepEqual([code, JSON.parse(out).TrailList[0].Name], [0, 'killed-trail'])
    assert.equal(await program.stop(), 0)
  })
})
