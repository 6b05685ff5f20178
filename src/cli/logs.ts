// `strongroom logs`: prints events of the trail as lines, and with --follow also new ones as they come.
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { LOOKUP_KEYS } from '../actiontrail/lookup/attributes.ts'
import { durationMs, fromIsoSeconds } from '../api/time.ts'
import { type Flags, readFlags } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import { eventLine } from './event-line.ts'
import { printsHelp } from './help.ts'
import { printable } from './output.ts'
import { stopsWork } from './stop-signal.ts'
import type { Surroundings } from './surroundings.ts'
import { LookupRefused, lookUpBy, readerOf, TRAIL_FLAGS } from './trail-client.ts'
import type { TrailEvent, TrailReader } from './trail-reader.ts'

const USAGE = `usage: strongroom logs [--follow] [--since 15m|TIME] [--refused] [--json] [--ATTRIBUTE VALUE] [--RegionId ID] [--endpoint URL] …

Prints events of the trail, the oldest first: time, outcome, operation, caller, address, region, resources. The caller needs
actiontrail:LookupEvents. The command omits its own lookups.

  --follow     prints new events as they come, until Ctrl-C; starts now unless --since names another time. The event of a slow call
               comes after those of faster calls, with its own time. The command misses events that are recorded more than 2 minutes late
  --since      the start: 30s, 15m, 2h or 7d ago, or a time such as 2026-03-01T00:00:00Z; 15m by default
  --refused    only refused calls
  --json       prints each event as a line of JSON
  --ATTRIBUTE  only events with exactly this value, of up to two attributes:
               ${LOOKUP_KEYS.slice(0, 7).join(', ')},
               ${LOOKUP_KEYS.slice(7).join(', ')}

Endpoint and credentials: as for \`strongroom kms\`.`

/** At most one lookup a second, apart from further pages. */
const POLL_MS = 1000
const MOST_PATIENCE_MS = 30_000
const DEFAULT_AGO_S = 900

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function logs(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, USAGE, around)) return 0
  const flags = readFlags(
    args,
    { ...TRAIL_FLAGS, since: 'value', follow: 'bare', refused: 'bare', json: 'bare' },
    'logs',
  )
  const since = sinceOf(flags)
  using stop = stopsWork()
  const { signal } = stop
  const print = printer(flags, around)
  try {
    const { reader, present } = await readerOf(await lookUpBy(flags, around, signal), since)
    if (flags.has('follow')) await follow(reader, { print, around, signal })
    // A period of more than 30 days takes several lookups.
    else
      do for await (const events of reader.poll()) await print(events)
      while (reader.end < present)
    return 0
  } catch (error) {
    if (signal.aborted) return 0
    throw error
  }
}

interface Following {
  readonly print: (events: readonly TrailEvent[]) => Promise<void>
  readonly around: Surroundings
  readonly signal: AbortSignal
}

/** Prints new events until the signal. Tries again while the server can't be reached, and omits nothing. */
async function follow(reader: TrailReader, { print, around, signal }: Following): Promise<never> {
  for (let failures = 0; ; ) {
    try {
      for await (const events of reader.poll()) await print(events)
      failures = 0
    } catch (error) {
      if (signal.aborted || (error instanceof LookupRefused && !error.passes) || error instanceof UsageError)
        throw error
      if (failures++ === 0) around.complain(`${(error as Error).message}; trying again`)
    }
    await pause(Math.min(POLL_MS * 2 ** failures, MOST_PATIENCE_MS), null, { signal })
  }
}

function printer(flags: Flags, around: Surroundings): Following['print'] {
  const { output } = around
  const lineOf = (event: TrailEvent) => (json ? printable(JSON.stringify(event), around) : eventLine(event))
  const [refused, json] = [flags.has('refused'), flags.has('json')]
  return async (events) => {
    for (const event of events) {
      if (refused && event['errorCode'] === undefined) continue
      if (!output.write(`${lineOf(event)}\n`)) await once(output, 'drain')
    }
  }
}

function sinceOf(flags: Flags): { ago: number } | { at: number } {
  const text = flags.get('since')
  if (text === undefined) return { ago: flags.has('follow') ? 0 : DEFAULT_AGO_S }
  const ago = durationMs(text)
  if (ago !== null) return { ago: ago / 1000 }
  const at = fromIsoSeconds(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text)
  if (at === null) throw new UsageError('`--since` must be like 15m, 2h, 7d, 2026-03-01 or 2026-03-01T12:00:00Z')
  return { at: at / 1000 }
}
