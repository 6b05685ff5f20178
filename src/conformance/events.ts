// Finds the events of calls in ActionTrail. In the cloud, an event comes minutes after its call, and LookupEvents may be called twice a
// second.
import type { Caller, Reply } from './call.ts'
import { VERSIONS } from './call.ts'
import type { Machine } from './machine.ts'
import { at, isoDate } from './values.ts'

const BETWEEN_LOOKUPS_MS = 600
const PAGE = '50'

/** The call whose event to find. */
export interface Sought {
  readonly eventName: string
  readonly requestId: string
  /** When the call was made, in milliseconds since 1970. */
  readonly time: number
}

/** Looks the event up until it is there, or the wait is over. Returns the event, or null. */
export async function findEvent(
  { eventName, requestId, time }: Sought,
  isOver: () => boolean,
  caller: Caller,
  machine: Machine,
): Promise<unknown> {
  for (;;) {
    const event = await lookUp(eventName, requestId, time, caller, machine)
    if (event !== null || isOver()) return event
    await machine.pause(BETWEEN_LOOKUPS_MS)
  }
}

/** Reads all events of this name since the call, page by page, until one has the request's id. */
async function lookUp(
  eventName: string,
  requestId: string,
  time: number,
  caller: Caller,
  machine: Machine,
): Promise<unknown> {
  const minute = 60_000
  let token = ''
  do {
    const parameters = {
      'LookupAttribute.1.Key': 'EventName',
      'LookupAttribute.1.Value': eventName,
      StartTime: isoDate(time - minute),
      EndTime: isoDate(machine.now() + minute),
      MaxResults: PAGE,
      ...(token === '' ? {} : { NextToken: token }),
    }
    const reply = await caller.call({
      action: 'LookupEvents',
      product: 'Actiontrail',
      version: VERSIONS['Actiontrail'] ?? '',
      parameters,
      credentials: caller.credentials,
      send: {},
    })
    if (reply.status !== 200) throw new Error(`LookupEvents answered ${reply.status} ${reply.code}`)
    const found = eventsOf(reply).find((event) => at(event, 'requestId') === requestId)
    if (found !== undefined) return found
    token = String(at(reply.body, 'NextToken') ?? '')
  } while (token !== '')
  return null
}

function eventsOf({ body }: Reply): readonly unknown[] {
  const events = at(body, 'Events')
  return Array.isArray(events) ? events : []
}
