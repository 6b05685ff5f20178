// What verbs that work on the database itself share.
import { closeHouse, type Open, type OpenHouse } from '../house/open.ts'
import type { Alarm } from '../ledger/alarm.ts'
import { didYouMean } from '../settings/nearest.ts'
import type { Settings } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Surroundings } from './surroundings.ts'

/** Opens the house for one piece of work, and closes it however the work ends. Returns the work's result. */
export async function inHouse<T>(
  settings: Settings,
  open: Open,
  around: Surroundings,
  work: (house: OpenHouse, alarm: Alarm) => Promise<T>,
): Promise<T> {
  const alarm: Alarm = (message, error) => around.complain(`${message}: ${error}`)
  const house = await open(settings, alarm, Date.now())
  try {
    return await work(house, alarm)
  } finally {
    around.status('')
    await closeHouse(house)
  }
}

/** The error for `strongroom VERB SAID …` with an unknown or a missing second word. */
export function unknownVerb(verb: string, said: string, known: Iterable<string>, usage: string): UsageError {
  return new UsageError(
    said === '' || said.startsWith('--')
      ? `an action is missing:\n${usage}`
      : `unknown verb \`${verb} ${said}\`${didYouMean(said, known)}: see \`strongroom ${verb} --help\``,
  )
}
