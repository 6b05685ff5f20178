// Prints each failure in full, with file, line and exceeded limit; each passed test as a line; and at the end `N passed, N failed`. With
// `byFile` it first prints what each file ran, and repeats the skipped tests, which are hard to find in a long run.
import { relative, resolve } from 'node:path'
import { inspect } from 'node:util'

const SLOW_MS = 5000

export default async function* reporter(source, { byFile = false } = {}) {
  const counts = none()
  const ofFiles = new Map()
  const leftOut = []
  const count = (file, outcome) => {
    const ofFile = ofFiles.get(file) ?? none()
    ofFiles.set(file, ofFile)
    for (const one of [counts, ofFile]) one[outcome]++
  }
  /** The tests that have begun and not ended, by file. These hang when a file exceeds its limit. */
  const running = new Map()
  const seconds = new Map()
  for await (const { type, data } of source) {
    if (type === 'test:coverage') yield coverageByRoom(data.summary)
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message
    if (typeof data?.file !== 'string' && type !== 'test:fail') continue
    const file = relative('.', data.file ?? '')
    const isFile = data.nesting === 0 && resolve(data.name ?? '') === data.file
    const test = `${data.name} (${file}:${data.line ?? ''})`
    if (type === 'test:dequeue' && !isFile) running.set(file, (running.get(file) ?? new Set()).add(test))
    if (type === 'test:complete') running.get(file)?.delete(test)
    if (type === 'test:complete' && isFile) seconds.set(file, Math.round(data.details.duration_ms / 1000))
    if (type === 'test:pass') {
      // A skipped suite has no tests, and counts as one.
      const isLeftOut = data.skip !== undefined
      if (isFile || (data.details.type === 'suite' && !isLeftOut)) continue
      count(file, isLeftOut ? 'skipped' : 'passed')
      if (isLeftOut) leftOut.push(`${data.name} (${file}): ${data.skip}\n`)
      if (isLeftOut) yield `skip  ${leftOut.at(-1)}`
      else if (data.nesting === 0 || data.details.duration_ms > SLOW_MS)
        yield `ok    ${data.name} (${file}, ${Math.round(data.details.duration_ms)} ms)\n`
    }
    if (type === 'test:fail') {
      const { error } = data.details
      if (error?.failureType === 'subtestsFailed') continue
      count(file, 'failed')
      // Of a process that was killed, the runner says no more than that it failed.
      const cause = isFile && error?.signal ? `killed by ${error.signal}` : (error?.cause ?? error)
      yield `FAIL  ${isFile ? relative('.', data.name) : test}\n${shown(cause?.stack ?? cause)}\n`
      for (const key of ['expected', 'actual'])
        if (cause && typeof cause === 'object' && key in cause) yield `  ${key}: ${shown(cause[key])}\n`
      if (isFile) for (const one of running.get(relative('.', data.name)) ?? []) yield `  had not ended: ${one}\n`
    }
  }
  const slowest = [...seconds].sort((a, b) => b[1] - a[1]).slice(0, 10)
  yield `${Math.round(process.uptime())} s\n`
  if (seconds.size > 10) yield `slowest files: ${slowest.map(([file, s]) => `${file} ${s} s`).join(', ')}\n`
  if (byFile) {
    for (const [file, ofFile] of [...ofFiles].sort()) yield `${file}: ${said(ofFile)}\n`
    yield leftOut.length > 0 ? `left out:\n${leftOut.map((line) => `  ${line}`).join('')}` : 'nothing was left out\n'
  }
  yield `${said(counts)}\n`
  if (counts.passed + counts.failed === 0) process.exitCode = 1
}

/** Any value, whole: a class, a BigInt or a circle, too, comes from a test. */
function shown(value) {
  return typeof value === 'string'
    ? value
    : inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null })
}

function none() {
  return { passed: 0, failed: 0, skipped: 0 }
}

function said({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`
}

/** The part of each room's lines that tests covered. */
function coverageByRoom({ workingDirectory, files }) {
  const rooms = new Map()
  for (const { path, totalLineCount, coveredLineCount } of files) {
    const [, room = ''] = relative(workingDirectory, path).split('/')
    const { total = 0, covered = 0 } = rooms.get(room) ?? {}
    rooms.set(room, { total: total + totalLineCount, covered: covered + coveredLineCount })
  }
  const line = ([room, { total, covered }]) => `  ${((100 * covered) / total).toFixed(1).padStart(5)} %  src/${room}`
  return `lines that tests reach:\n${[...rooms].sort().map(line).join('\n')}\n`
}
