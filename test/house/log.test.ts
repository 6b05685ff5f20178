// Lines of the log, as a process writes them to standard error.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'

const LOG = fileURLToPath(new URL('../../src/house/log.ts', import.meta.url))
/** A pipe takes so many bytes in one piece, from each of several processes. */
const PIPE_BUF = 4096

it('a line of the log never mixes with those of other processes, however long its reason is, and errors are counted', () => {
  const reasons = ['x'.repeat(10_000), '\n\u0001'.repeat(3000), '\u{1f511}"'.repeat(2000), 'short']
  const program = `
    import { openLog, alarmOf, errorsLogged } from ${JSON.stringify(LOG)}
    const log = openLog('info')
    for (const reason of ${JSON.stringify(reasons)}) {
      log.info({ reason, count: 3 }, 'said')
      alarmOf(log)('failed', new Error(reason))
    }
    console.log(errorsLogged())`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  const lines = stderr.trimEnd().split('\n')
  assert.equal(lines.length, 2 * reasons.length)
  assert.equal(Number(stdout), reasons.length)
  for (const line of lines) assert.ok(Buffer.byteLength(line) < PIPE_BUF, `${Buffer.byteLength(line)} bytes`)
  const [long, , , , , , short] = lines.map((line) => JSON.parse(line))
  assert.match(long.reason, /^x{2000,} \.\.\. \(cut\)$/)
  assert.equal(short.reason, 'short')
  assert.equal(short.count, 3)
})
