// `strongroom top`: draws calls and refusals of the last minute, by operation and caller, once a second.
import { setTimeout as pause } from 'node:timers/promises'
import { readFlags } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import { clientOptions } from './client-options.ts'
import { printsHelp } from './help.ts'
import { type Buckets, bucketsIn, latencyLine } from './latencies.ts'
import { quitKey, stopsWork } from './stop-signal.ts'
import type { Surroundings } from './surroundings.ts'
import { RecentCalls, WINDOW_S } from './top-screen.ts'
import { LookupRefused, lookUpBy, readerOf, TRAIL_FLAGS } from './trail-client.ts'

const USAGE = `usage: strongroom top [--once] [--metrics URL] [--ATTRIBUTE VALUE] [--RegionId ID] [--endpoint URL] …

Shows the calls and refusals of the last ${WINDOW_S} seconds, by operation and by caller, and refreshes the screen each second. Press q to quit.
It reads the trail of the caller's account, with the permission actiontrail:LookupEvents and the attributes of \`strongroom logs\`.

  --once     prints one screen and ends, for scripts
  --metrics  the metrics of a server (http://127.0.0.1:9700/metrics): adds the latencies of calls, by product, which the trail does not
             have; for the time since the previous screen, or with --once since that server started

Each screen needs a lookup for every 50 new events: above some hundred calls a second, watch the metrics instead.
Endpoint and credentials: as for \`strongroom kms\`.`

const POLL_MS = 1000
const METRICS_PATIENCE_MS = 5000
const SIZE = { columns: 80, rows: 24 }
/** Switch to the terminal's alternate screen without a cursor, and back. */
const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function top(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, USAGE, around)) return 0
  const flags = readFlags(args, { ...TRAIL_FLAGS, once: 'bare', metrics: 'value' }, 'top')
  const once = flags.has('once')
  const metrics = flags.get('metrics')
  if (metrics !== undefined && !/^https?:\/\//.test(metrics))
    throw new UsageError('`--metrics` must be a URL such as http://127.0.0.1:9700/metrics')
  if (!once && !around.printsToTerminal)
    throw new UsageError('top needs a terminal: use --once for one screen without it')
  using stop = stopsWork()
  using keys = once ? null : quitKey()
  const signal = keys ? AbortSignal.any([stop.signal, keys.signal]) : stop.signal
  const { endpoint } = await clientOptions(flags, around)
  try {
    const { reader } = await readerOf(await lookUpBy(flags, around, signal), { ago: WINDOW_S })
    const calls = new RecentCalls()
    if (!once) around.output.write(ENTER)
    let before: Buckets = new Map()
    for (let trouble = ''; ; trouble = '') {
      let now = before
      try {
        for await (const events of reader.poll()) calls.add(events)
        if (metrics !== undefined) now = await bucketsOf(metrics, signal)
      } catch (error) {
        if (once || signal.aborted || (error instanceof LookupRefused && !error.passes)) throw error
        trouble = (error as Error).message
      }
      const size = once ? SIZE : { ...SIZE, ...sizeOf(around) }
      const latencies = trouble || latencyLine(now, before)
      const screen = calls.screen(reader.end, { ...size, endpoint, latencies })
      before = now
      if (once) {
        around.print(screen.join('\n'))
        return 0
      }
      around.output.write(`\x1b[H${screen.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`)
      await pause(POLL_MS, null, { signal })
    }
  } catch (error) {
    if (signal.aborted) return 0
    throw error
  } finally {
    if (!once) around.output.write(LEAVE)
  }
}

function sizeOf({ output }: Surroundings): { columns?: number; rows?: number } {
  const { columns, rows } = output as Partial<NodeJS.WriteStream>
  return { ...(columns ? { columns } : {}), ...(rows ? { rows } : {}) }
}

async function bucketsOf(url: string, signal: AbortSignal): Promise<Buckets> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(METRICS_PATIENCE_MS)])
  try {
    const response = await fetch(url, { signal: patience })
    if (!response.ok) throw new Error(`it answered ${response.status}`)
    return bucketsIn(await response.text())
  } catch (error) {
    const { cause, message } = error as Error
    throw new Error(`the metrics at ${url} can't be read: ${cause instanceof Error ? cause.message : message}`)
  }
}
