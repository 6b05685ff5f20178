// Calling ActionTrail in a test house, and reading what it delivered to a folder.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { DeliveredCopy } from '../../src/actiontrail/delivery/verify-delivered.ts'
import { type Called, type Credentials, call } from '../acceptance/program.ts'
import type { TestHouse } from '../house.ts'

type Parameters = Record<string, string>
type Event = Record<string, unknown>

/** Calls ActionTrail; `version` is the one of the API. */
export function trailsOf(house: TestHouse, version = '2020-07-06', credentials: Credentials = house.credentials) {
  const ask = (action: string, parameters: Parameters = {}): Promise<Called> =>
    call(house.endpoint, credentials, action, { Version: version, ...parameters }, house.now)
  return {
    call: ask,
    must: async (action: string, parameters: Parameters = {}): Promise<Called['body']> => {
      const { status, body } = await ask(action, parameters)
      if (status !== 200) throw new Error(`${action} answered ${status} ${JSON.stringify(body)}`)
      return body
    },
    /** 'OK', or the code it is refused with. */
    outcome: async (action: string, parameters: Parameters = {}): Promise<string> => {
      const { status, body } = await ask(action, parameters)
      return status === 200 ? 'OK' : body.Code
    },
  }
}

/** All files below a folder, with / between, sorted; those still being written are left out. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  const below = (path: string): string[] =>
    readdirSync(path).flatMap((name) => {
      const inner = join(path, name)
      return statSync(inner).isDirectory() ? below(inner) : [inner]
    })
  return below(folder)
    .map((path) => relative(folder, path).replaceAll('\\', '/'))
    .filter((path) => !path.includes('.unfinished-'))
    .sort()
}

export function objectsIn(folder: string): string[] {
  return filesBelow(folder).filter((path) => path.endsWith('.gz'))
}

export function digestsIn(folder: string): string[] {
  return filesBelow(folder).filter((path) => path.endsWith('.json'))
}

/** All events that lie in a folder, in the order of their objects' names. */
export function deliveredEvents(folder: string): Event[] {
  return objectsIn(folder).flatMap(
    (path) => JSON.parse(gunzipSync(readFileSync(join(folder, path))).toString('utf8')) as Event[],
  )
}

/** The folder, as verifyDelivered reads it. */
export function copyIn(folder: string): DeliveredCopy {
  return {
    list: async () => filesBelow(folder),
    read: async (path) => readFileSync(join(folder, path)),
  }
}
