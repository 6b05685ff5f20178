// The tests' own machinery: what a test process starts ends with it, however it ends, and the report names who did not end in time.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from './acceptance/program.ts'
import { until } from './until.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Begins a run of one test file with limits of its own, in seconds; `note` is a file for what the test tells of itself. */
function begin(body: string, { test = 60, file = 60, forceExit = true } = {}) {
  const folder = temporaryFolder()
  const [path, note] = [join(folder, 'fixture.test.ts'), join(folder, 'note')]
  writeFileSync(
    path,
    `import { it } from 'node:test'
     import { spawn, spawnSync } from 'node:child_process'
     import { writeFileSync } from 'node:fs'
     import { tmpdir } from 'node:os'
     const note = () => {
       const { pid } = spawn('sleep', ['1000'], { stdio: 'ignore' })
       writeFileSync(${JSON.stringify(note)}, pid + ' ' + process.pid + ' ' + tmpdir())
     }
     ${body}`,
  )
  const limits = [`--test-timeout=${test * 1000}`, ...(forceExit ? ['--test-force-exit'] : [])]
  const args = [
    '--test',
    ...limits,
    `--import=${here('owned.ts')}`,
    `--test-reporter=${here('../scripts/reporter.mjs')}`,
  ]
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn(process.execPath, [...args, path], {
    env: { ...env, STRONGROOM_TEST_FILE_LIMIT: String(file) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  const ended = new Promise<{ code: number | null; out: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, out })),
  )
  /** The process that the test left, the test's own, and its temporary folder. */
  const noted = () => {
    const [left = '', self = '', temporary = ''] = readFileSync(note, 'utf8').split(' ')
    return { left: Number(left), self: Number(self), temporary }
  }
  return { ended, noted, isNoted: () => existsSync(note) && readFileSync(note, 'utf8').split(' ').length === 3 }
}

function isRunning(pid: number): boolean {
  try {
    // One that ended, and that nobody has waited for yet, has no command line.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    return false
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

describe('a test process', { concurrency: true }, () => {
  it('that is killed takes with it what it started, and its temporary folder', async () => {
    const run = begin(`it('never ends', () => new Promise(() => { note(); setInterval(() => {}, 1000) }))`)
    await until(run.isNoted)
    const { left, self, temporary } = run.noted()
    assert.ok(isRunning(left) && existsSync(temporary))
    process.kill(self, 'SIGKILL')
    assert.equal((await run.ended).code, 1)
    await until(() => !isRunning(left) && !existsSync(temporary))
  })

  it('that is killed takes its folder in memory with it', async () => {
    const run = begin(`import { memoryFolder } from ${JSON.stringify(here('owned.ts'))}
      it('never ends', () => {
        process.env.TMPDIR = memoryFolder()
        note()
        return new Promise(() => setInterval(() => {}, 1000))
      })`)
    await until(run.isNoted)
    const { self, temporary } = run.noted()
    assert.ok(existsSync(temporary))
    process.kill(self, 'SIGKILL')
    assert.equal((await run.ended).code, 1)
    await until(() => !existsSync(temporary))
  })

  const hierarchy = globSync('/sys/fs/cgroup/{,*/}cgroup.procs').map(dirname).find(isWritable)
  const mounts = spawnSync('unshare', ['--mount', 'true']).status === 0 && hierarchy !== undefined
  it('that is killed takes its mounts and cgroups with it', {
    skip: mounts ? false : 'mounts and cgroups take root on Linux',
  }, async () => {
    assert.ok(hierarchy)
    const run = begin(`import { execFileSync } from 'node:child_process'
      import { basename, join } from 'node:path'
      it('never ends', () => {
        execFileSync('mkdir', [tmpdir() + '/mounted'])
        execFileSync('mkdir', ['-p', join(${JSON.stringify(hierarchy)}, basename(tmpdir()), 'inner')])
        execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', tmpdir() + '/mounted'])
        note()
        return new Promise(() => setInterval(() => {}, 1000))
      })`)
    await until(run.isNoted)
    const { self, temporary } = run.noted()
    process.kill(self, 'SIGKILL')
    assert.equal((await run.ended).code, 1)
    await until(() => !existsSync(temporary))
    assert.ok(!existsSync(join(hierarchy, basename(temporary))))
  })

  it('that fails is reported, whatever the assertion compares', async () => {
    const { code, out } = await begin(`import assert from 'node:assert/strict'
      class Refused extends Error {}
      const refuse = () => { throw new Refused('no') }
      it('compares classes', () => assert.throws(refuse, { constructor: Error, message: 'yes' }))
      it('compares large numbers', () => assert.equal(1n, 2n))
      it('throws no error', () => { throw Object.create(null) })`).ended
    assert.equal(code, 1)
    for (const name of ['compares classes', 'compares large numbers', 'throws no error'])
      assert.ok(out.includes(`FAIL  ${name}`), out)
    assert.match(out, /0 passed, 3 failed/)
  })

  it('that leaves a suite out is reported with the reason', async () => {
    const { code, out } = await begin(`import { describe } from 'node:test'
      it('passes', () => {})
      describe('all', { skip: 'no y here' }, () => it('never', () => {}))`).ended
    assert.equal(code, 0, out)
    assert.match(out, /^skip {2}all \(.*\): no y here$/m)
    assert.match(out, /^1 passed, 0 failed, 1 skipped$/m)
  })

  it('that passed and left something running fails, and names it', async () => {
    const run = begin(`it('passes', note)`)
    const { code, out } = await run.ended
    assert.equal(code, 1)
    assert.match(out, /left running by .*fixture\.test\.ts:\n {2}\d+ sleep 1000\n/)
    assert.match(out, /^FAIL .*fixture\.test\.ts\n/m)
    assert.match(out, /^1 passed, 1 failed$/m)
    const { left, temporary } = run.noted()
    await until(() => !isRunning(left) && !existsSync(temporary))
  })

  it('is not held by a test that hangs, which is named with its line and its limit', async () => {
    const run = begin(
      `it('hangs', () => new Promise(() => setInterval(() => {}, 1000)))
       it('goes on', () => {})`,
      { test: 5 },
    )
    const { code, out } = await run.ended
    assert.equal(code, 1)
    assert.match(out, /^FAIL {2}hangs \(.*fixture\.test\.ts:\d+\)\ntest timed out after 5000ms$/m)
    assert.match(out, /^1 passed, 1 failed$/m)
  })

  it('that hangs is named with its limit, and with what held it', async () => {
    const run = begin(
      `import { createServer } from 'node:net'
       it('passes', async () => {
         createServer().listen(0)
         note()
       })`,
      { file: 10, forceExit: false },
    )
    const { code, out } = await run.ended
    assert.equal(code, 1)
    assert.match(
      out,
      /fixture\.test\.ts did not end within 10 s\. It held: .*1 × TCPServerWrap.*\n {2}\d+ sleep 1000$/m,
    )
    assert.match(out, /^FAIL .*fixture\.test\.ts\nkilled by SIGKILL$/m)
    assert.match(out, /^1 passed, 1 failed$/m)
  })

  it('that never gives way is killed when its time is over, and the test that held it is named', async () => {
    const run = begin(`it('blocks', () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))`, {
      file: 10,
    })
    const { code, out } = await run.ended
    assert.equal(code, 1)
    assert.match(
      out,
      /fixture\.test\.ts did not end within 10 s, and never gave way; the last test that began: blocks$/m,
    )
    assert.match(out, /^FAIL .*fixture\.test\.ts\nkilled by SIGKILL$/m)
  })
})
