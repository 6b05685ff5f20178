// The report of a run, as text and as JSON.
import { OUTSIDE } from './plan.ts'
import type { Result } from './result.ts'
import type { Ran } from './run.ts'

/** The number of cases of an operation with each outcome. */
interface Row {
  readonly operation: string
  readonly passed: number
  readonly failed: number
  readonly notRun: number
}

export interface Verdict {
  /** Whether the server conforms in everything that was asked: no case failed, and none was missed. */
  readonly conforms: boolean
  readonly passed: number
  readonly failed: number
  readonly notRun: number
}

function countsOf(results: readonly Result[]): Omit<Row, 'operation'> {
  const count = (...outcomes: readonly Result['outcome'][]) =>
    results.filter(({ outcome }) => outcomes.includes(outcome)).length
  return { passed: count('passed'), failed: count('failed'), notRun: count('not run', 'missed') }
}

function rowsOf(results: readonly Result[]): readonly Row[] {
  const operations = [...new Set(results.map(({ operation }) => operation))].toSorted()
  return operations.map((operation) => ({
    operation,
    ...countsOf(results.filter((result) => result.operation === operation)),
  }))
}

/** The verdict. Optional groups outside of it do not count. Objects left behind change only the exit code. */
export function verdictOf({ results }: Ran): Verdict {
  const standard = results.filter(({ group }) => !OUTSIDE.includes(group))
  const missed = standard.some(({ outcome }) => outcome === 'missed')
  const counts = countsOf(standard)
  return { conforms: counts.failed === 0 && !missed && counts.passed > 0, ...counts }
}

/** The report as text: failures, cases that did not run with their reasons, and a row for each operation. */
export function textReport(ran: Ran): string {
  const { results, left } = ran
  const of = (...outcomes: readonly Result['outcome'][]) => results.filter(({ outcome }) => outcomes.includes(outcome))
  const failed = of('failed').map(
    ({ group, name, reason, source, requestId }) =>
      `failed: ${group}/${name}\n    ${reason}\n    source: ${source}${requestId ? `\n    RequestId: ${requestId}` : ''}`,
  )
  const reasons = new Map<string, string[]>()
  for (const { group, name, reason } of of('not run', 'missed'))
    reasons.set(reason, [...(reasons.get(reason) ?? []), `${group}/${name}`])
  const notRun = [...reasons].map(
    ([reason, names]) => `not run: ${reason}\n${names.map((name) => `    ${name}`).join('\n')}`,
  )
  const { conforms, ...counts } = verdictOf(ran)
  const said = ({ passed, failed, notRun }: Omit<Row, 'operation'>) =>
    `${passed} passed, ${failed} failed, ${notRun} not run`
  const outside = results.filter(({ group }) => OUTSIDE.includes(group))
  return [
    ...failed,
    ...notRun,
    ...left.map((object) => `left behind: ${object}`),
    tableOf(rowsOf(results)),
    ...(outside.length === 0 ? [] : [`outside of the verdict: ${said(countsOf(outside))}`]),
    `${said(counts)}: ${conforms ? 'the server conforms' : 'the server does not conform, or was not judged in full'}`,
  ].join('\n')
}

function tableOf(rows: readonly Row[]): string {
  const width = Math.max(9, ...rows.map(({ operation }) => operation.length))
  const cell = (count: number | string, wide: number) => String(count === 0 ? '' : count).padStart(wide)
  const line = (name: string, ...[passed = '', failed = '', notRun = '']: readonly (number | string)[]) =>
    `${name.padEnd(width)}  ${cell(passed, 6)}  ${cell(failed, 6)}  ${cell(notRun, 7)}`.trimEnd()
  return [
    line('operation', 'passed', 'failed', 'not run'),
    ...rows.map(({ operation, passed, failed, notRun }) => line(operation, passed, failed, notRun)),
  ].join('\n')
}

/** The report as JSON. */
export function jsonReport(ran: Ran, about: Readonly<Record<string, string | null>>): string {
  const { results, left, requests } = ran
  return JSON.stringify(
    { ...about, ...verdictOf(ran), requests, left, operations: rowsOf(results), cases: results },
    null,
    2,
  )
}
