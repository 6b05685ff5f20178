// The commands of docs/trails.md, run as they are written.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { deliveredEvents } from '../actiontrail/trails.ts'
import { until } from '../until.ts'
import { removeFolder, startProgram, temporaryFolder } from './program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

describe('the page about trails', () => {
  it('makes a trail that delivers', async () => {
    const page = readFileSync(join(ROOT, 'docs/trails.md'), 'utf8')
    const code = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block).join('\n')
    const folder = temporaryFolder()
    for (const name of ['bin', 'src', 'node_modules', 'package.json']) symlinkSync(join(ROOT, name), join(folder, name))
    const program = await startProgram({ data: join(folder, 'data') })
    const env = { ...process.env, STRONGROOM_ENDPOINT: program.endpoint }
    const { status, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', code], {
      cwd: folder,
      env,
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    const stop = await program.call('StopLogging', { Version: '2020-07-06', Name: 'audit-trail' })
    assert.equal(stop.status, 200, JSON.stringify(stop.body))
    const bucket = join(folder, 'data/trails', program.credentials.accountId, 'audit')
    await until(() => deliveredEvents(bucket).length > 1)
    assert.deepEqual(
      deliveredEvents(bucket).map(({ eventName }) => eventName),
      ['StartLogging', 'GetTrailStatus'],
    )
    assert.equal(await program.stop(), 0)
    removeFolder(folder)
  })
})
