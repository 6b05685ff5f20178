// The screen of `strongroom top`: calls and refusals of the last minute, by operation and by caller.
import { outcomeOf, plain } from './event-line.ts'
import type { TrailEvent } from './trail-reader.ts'

export const WINDOW_S = 60
/** Lines of the screen outside of the tables' rows. */
const FIXED_LINES = 6
const NAME_COLUMNS = 36

interface Call {
  readonly second: number
  readonly operation: string
  readonly caller: string
  readonly outcome: string
}

interface Row {
  readonly name: string
  readonly calls: number
  readonly refused: number
  readonly last: string
}

/** The calls of the last WINDOW_S seconds. */
export class RecentCalls {
  #calls: Call[] = []

  add(events: readonly TrailEvent[]): void {
    for (const event of events) {
      const { userName, type } = (event['userIdentity'] ?? {}) as Record<string, unknown>
      this.#calls.push({
        second: Math.floor(Date.parse(event.eventTime) / 1000),
        operation: plain(`${event['serviceName']}.${event['eventName']}`),
        caller: plain(String(userName || type || '')),
        outcome: plain(outcomeOf(event)),
      })
    }
  }

  /** The screen at a second since 1970: at most `rows` lines of `columns` characters. `latencies` is one further line; '' for none. */
  screen(
    present: number,
    { columns, rows, endpoint, latencies }: { columns: number; rows: number; endpoint: string; latencies: string },
  ): readonly string[] {
    this.#calls = this.#calls.filter(({ second }) => second > present - WINDOW_S)
    const refused = this.#calls.filter(({ outcome }) => outcome !== 'OK').length
    const perSecond = (count: number) => (count / WINDOW_S).toFixed(1)
    const forTables = Math.max(2, rows - FIXED_LINES - (latencies ? 1 : 0))
    const callers = tableOf(this.#calls, ({ caller }) => caller).slice(0, Math.floor(forTables / 3))
    const operations = tableOf(this.#calls, ({ operation }) => operation).slice(0, forTables - callers.length)
    const lines = [
      `Strongroom  ${plain(endpoint)}  ${new Date(present * 1000).toISOString().slice(0, 19)}Z`,
      `last ${WINDOW_S} s: ${this.#calls.length} calls (${perSecond(this.#calls.length)}/s), ${refused} refused (${perSecond(refused)}/s)`,
      ...(latencies ? [latencies] : []),
      '',
      heading('OPERATION'),
      ...operations.map(lineOf),
      '',
      heading('CALLER'),
      ...callers.map(lineOf),
    ]
    return lines.map((line) => line.slice(0, columns).trimEnd())
  }
}

/** One row for each result of `nameOf`, those with the most calls first. */
function tableOf(calls: readonly Call[], nameOf: (call: Call) => string): readonly Row[] {
  const rows = new Map<string, Row>()
  for (const call of calls) {
    const name = nameOf(call)
    const { calls: count, refused, last } = rows.get(name) ?? { calls: 0, refused: 0, last: '' }
    const isRefused = call.outcome !== 'OK'
    rows.set(name, {
      name,
      calls: count + 1,
      refused: refused + (isRefused ? 1 : 0),
      last: isRefused ? call.outcome : last,
    })
  }
  return [...rows.values()].toSorted((a, b) => b.calls - a.calls || (a.name < b.name ? -1 : 1))
}

function heading(name: string): string {
  return `${name.padEnd(NAME_COLUMNS)}  ${'CALLS'.padStart(6)}  ${'REFUSED'.padStart(7)}  LAST REFUSAL`
}

function lineOf({ name, calls, refused, last }: Row): string {
  const shown = name.length > NAME_COLUMNS ? `${name.slice(0, NAME_COLUMNS - 1)}…` : name.padEnd(NAME_COLUMNS)
  return `${shown}  ${String(calls).padStart(6)}  ${String(refused).padStart(7)}  ${last}`
}
