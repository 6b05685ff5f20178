// The screen of `strongroom top`, and what it reads from metrics.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { commandLine } from '../../src/cli/command-line.ts'
import { bucketsIn, latencyLine } from '../../src/cli/latencies.ts'
import { RecentCalls } from '../../src/cli/top-screen.ts'
import type { TrailEvent } from '../../src/cli/trail-reader.ts'
import { runHere } from '../acceptance/line.ts'
import { type Program, removeFolder, startProgram } from '../acceptance/program.ts'
import { until } from '../until.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z') / 1000
const SIZE = { columns: 80, rows: 24, endpoint: 'http://127.0.0.1:7700', latencies: '' }

function call(eventName: string, userName: string, ago: number, errorCode?: string): TrailEvent {
  const eventTime = `${new Date((NOW - ago) * 1000).toISOString().slice(0, 19)}Z`
  return {
    eventId: '',
    eventTime,
    eventName,
    serviceName: 'Kms',
    userIdentity: { userName },
    ...(errorCode && { errorCode }),
  }
}

describe('the screen of top', () => {
  it('counts calls and refusals of the last minute by operation and caller', () => {
    const recent = new RecentCalls()
    recent.add([
      call('Encrypt', 'alice', 1),
      call('Encrypt', 'bob', 2),
      call('Decrypt', 'bob', 3, 'Forbidden.NoPermission'),
      call('ListKeys', 'carol', 60),
    ])
    assert.deepEqual(recent.screen(NOW, SIZE), [
      'Strongroom  http://127.0.0.1:7700  2026-03-01T12:00:00Z',
      'last 60 s: 3 calls (0.1/s), 1 refused (0.0/s)',
      '',
      `${'OPERATION'.padEnd(36)}   CALLS  REFUSED  LAST REFUSAL`,
      `${'Kms.Encrypt'.padEnd(36)}       2        0`,
      `${'Kms.Decrypt'.padEnd(36)}       1        1  Forbidden.NoPermission`,
      '',
      `${'CALLER'.padEnd(36)}   CALLS  REFUSED  LAST REFUSAL`,
      `${'bob'.padEnd(36)}       2        1  Forbidden.NoPermission`,
      `${'alice'.padEnd(36)}       1        0`,
    ])
    assert.match(recent.screen(NOW + 60, SIZE)[1] ?? '', /^last 60 s: 0 calls/)
  })

  it('fits the terminal, whatever was called and by whom', () => {
    const recent = new RecentCalls()
    for (let i = 0; i < 100; i++)
      recent.add([call(`${'Operation'.repeat(9)}${i}`, `user\u001b[2J${i}`, 1, 'X'.repeat(300))])
    for (const [columns, rows] of [
      [80, 24],
      [40, 10],
      [200, 60],
    ] as const) {
      const screen = recent.screen(NOW, { ...SIZE, columns, rows, latencies: 'latency' })
      assert.equal(screen.length, rows)
      for (const line of screen) assert.ok(line.length <= columns && !/\p{C}/u.test(line), line)
    }
  })
})

describe('the latencies of top', () => {
  const metrics = (few: number, all: number) => `# HELP strongroom_call_seconds
strongroom_call_seconds_bucket{le="0.001",product="Kms"} ${few}
strongroom_call_seconds_bucket{le="0.01",product="Kms"} ${all}
strongroom_call_seconds_bucket{le="+Inf",product="Kms"} ${all}
strongroom_call_seconds_count{product="Kms"} ${all}`

  it('are those of the calls since the screen before', () => {
    const [before, now] = [bucketsIn(metrics(100, 100)), bucketsIn(metrics(160, 200))]
    assert.equal(latencyLine(now, before), 'latency: Kms half ≤ 1 ms, 99 % ≤ 10 ms')
    assert.equal(latencyLine(now, now), '')
  })
})

describe('the metrics of top', () => {
  let server: Program
  let env: Record<string, string>
  before(async () => {
    server = await startProgram({ flags: ['--metrics-listen', '127.0.0.1:0'] })
    env = { STRONGROOM_ENDPOINT: server.endpoint, STRONGROOM_DATA: server.data }
  })
  after(async () => {
    await server.stop()
    removeFolder(server.data)
  })

  it('may be away for a while: the screen says so, and goes on', async () => {
    let screens = ''
    const output = new Writable({
      write(chunk, _, done) {
        screens += chunk
        done()
      },
    })
    const ended = commandLine(['top', '--metrics', `${server.endpoint}/metrics`], {
      env: { ...process.env, ...env },
      readFile: (path) => readFileSync(path, 'utf8'),
      print: () => undefined,
      output,
      input: () => Readable.from([]),
      complain: (text) => assert.fail(text),
      printsToTerminal: true,
      terminal: false,
      status: () => undefined,
      ask: null,
    })
    await until(() => screens.split('/metrics can').length > 2)
    process.emit('SIGTERM', 'SIGTERM')
    assert.equal(await ended, 0)
  })

  it('must answer where there is but one screen', async () => {
    const { code, err } = await runHere(['top', '--once', '--metrics', `${server.endpoint}/metrics`], env)
    assert.equal(code, 1)
    assert.match(err, /the metrics at .+ can't be read: it answered 404/)
    const { out } = await runHere(['top', '--once', '--metrics', server.metrics ?? ''], env)
    assert.match(out, /^latency: Actiontrail half /m)
  })
})
