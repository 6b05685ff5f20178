// Prints each failure whole, each passed file as a line, and closes with `N passed, N failed`.
import { relative } from 'node:path'

export default async function* reporter(source) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for await (const { type, data } of source) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message
    const isFile = data?.nesting === 0 && data?.name?.endsWith('.test.ts')
    if (type === 'test:pass') {
      if (isFile || data.details.type === 'suite') continue
      if (data.skip !== undefined) counts.skipped++
      else counts.passed++
      if (data.nesting === 0 || data.details.duration_ms > 5000)
        yield `ok    ${data.name} (${relative('.', data.file ?? '')}, ${Math.round(data.details.duration_ms)} ms)\n`
    }
    if (type === 'test:fail') {
      const { error } = data.details
      if (error?.failureType === 'subtestsFailed') continue
      counts.failed++
      const cause = error?.cause ?? error
      yield `FAIL  ${data.name} (${relative('.', data.file ?? '')}:${data.line ?? ''})\n${cause?.stack ?? cause}\n`
      for (const key of ['expected', 'actual'])
        if (cause && typeof cause === 'object' && key in cause)
          yield `  ${key}: ${JSON.stringify(cause[key], null, 2)}\n`
    }
  }
  yield `${counts.passed} passed, ${counts.failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ''}\n`
  if (counts.passed + counts.failed === 0) process.exitCode = 1
}
