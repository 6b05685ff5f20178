// An event as one line, for people.
import { oneLine } from './terminal-text.ts'
import type { TrailEvent } from './trail-reader.ts'

const LONGEST = 200

/** Time, outcome, product and operation, caller, address, and the resources that the event names. */
export function eventLine(event: TrailEvent): string {
  const { userName = '', type = '' } = (event['userIdentity'] ?? {}) as Record<string, unknown>
  const parts = [
    event.eventTime,
    outcomeOf(event).padEnd(2),
    `${event['serviceName']}.${event['eventName']}`,
    `by ${userName || type}`,
    `from ${event['sourceIpAddress']}`,
    ...(event['acsRegion'] ? [`in ${event['acsRegion']}`] : []),
    ...(event['resourceName'] ? [`on ${event['resourceName']}`] : []),
  ]
  return parts.map((part) => plain(String(part))).join('  ')
}

/** OK, or the code of the refusal. */
export function outcomeOf(event: TrailEvent): string {
  return String(event['errorCode'] ?? 'OK')
}

/** A text from outside as one line, at most LONGEST characters. */
export function plain(text: string): string {
  const shown = oneLine(text)
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown
}
