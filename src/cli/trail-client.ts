// LookupEvents for verbs that follow the trail: filters from flags, and refusals that may pass.

import { LOOKUP_KEYS } from '../actiontrail/lookup/attributes.ts'
import { isoSeconds } from '../api/time.ts'
import type { FlagKinds, Flags } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import { ask } from './ask.ts'
import { CLIENT_FLAGS, clientOptions } from './client-options.ts'
import { refusal } from './refused.ts'
import type { Surroundings } from './surroundings.ts'
import { type EventPage, type LookUp, type TrailEvent, TrailReader } from './trail-reader.ts'

/** The flags of verbs that read the trail: the attributes of a lookup, and the way to the server. */
export const TRAIL_FLAGS: FlagKinds = {
  ...CLIENT_FLAGS,
  RegionId: 'value',
  ...Object.fromEntries(LOOKUP_KEYS.map((key) => [key, 'value'] as const)),
}

const MOST_ATTRIBUTES = 2
const MOST_RESULTS = '50'
const A_DAY_S = 86_400

/** The server refused the lookup. `passes`: the next attempt may succeed. */
export class LookupRefused extends Error {
  readonly passes: boolean
  constructor(answer: Readonly<Record<string, unknown>>) {
    super(refusal(answer).join('; '))
    this.passes = /Throttling|^ServiceUnavailableTemporary$/.test(String(answer['Code']))
  }
}

/** Looks events up as the flags say. Throws UsageError. Lookups reject with LookupRefused, or when no server answers. */
export async function lookUpBy(flags: Flags, around: Surroundings, signal: AbortSignal): Promise<LookUp> {
  const attributes = LOOKUP_KEYS.flatMap((Key) => {
    const Value = flags.get(Key)
    return Value === undefined ? [] : [{ Key, Value }]
  })
  if (attributes.length > MOST_ATTRIBUTES)
    throw new UsageError(
      `a lookup takes ${MOST_ATTRIBUTES} attributes, not ${attributes.length}: leave out ${attributes
        .slice(MOST_ATTRIBUTES)
        .map(({ Key }) => `--${Key}`)
        .join(' and ')}`,
    )
  // Fails at once, before the first lookup, when credentials are missing.
  await clientOptions(flags, around)
  const region = flags.get('RegionId')
  return async (from, next) => {
    const parameters = new Map([
      ['Action', 'LookupEvents'],
      ['Version', '2020-07-06'],
      ['Direction', 'FORWARD'],
      ['MaxResults', MOST_RESULTS],
      ['StartTime', isoSeconds(from * 1000)],
      ...(next === null ? [] : [['NextToken', next] as const]),
      ...(region === undefined ? [] : [['RegionId', region] as const]),
      ...(attributes.length === 0 ? [] : [['LookupAttribute', JSON.stringify(attributes)] as const]),
    ])
    return pageOf(await ask(parameters, { ...(await clientOptions(flags, around)), signal }))
  }
}

function pageOf({ status, answer }: Awaited<ReturnType<typeof ask>>): EventPage {
  if (status >= 300) throw new LookupRefused(answer)
  return {
    events: answer['Events'] as readonly TrailEvent[],
    end: Math.floor(Date.parse(String(answer['EndTime'])) / 1000),
    next: (answer['NextToken'] as string | undefined) ?? null,
    requestId: String(answer['RequestId']),
  }
}

/** A reader that begins `ago` seconds before the server's present, at the earliest in 1970, or at a moment in seconds since then. */
export async function readerOf(
  lookUp: LookUp,
  since: { readonly ago: number } | { readonly at: number },
): Promise<{ readonly reader: TrailReader; readonly present: number }> {
  // Uses the server's present: clocks may differ.
  const { end: present, requestId } = await lookUp(Math.floor(Date.now() / 1000) - A_DAY_S, null)
  const from = 'at' in since ? since.at : Math.max(0, present - since.ago)
  if (from > present)
    throw new UsageError(`\`--since\` is in the future: the server's clock is at ${isoSeconds(present * 1000)}`)
  return { reader: new TrailReader(lookUp, from, [requestId]), present }
}
