// The questions that pages ask besides operations; each counts as a call of RAM.
import { RAM } from '../api/product.ts'
import type { House } from '../gateway/house.ts'
import type { PersonCaller } from '../ram/logged-on.ts'
import type { JsonObject } from '../runtime/json.ts'
import { checkPolicy } from './check-policy.ts'
import { actionsOf } from './declarations.ts'
import type { Where } from './log-on-event.ts'
import { type Asking, simulate, whoMay } from './simulate.ts'

export type Question = (given: JsonObject, asking: Asking) => Promise<object>

/** By their paths. */
export const QUESTIONS = new Map<string, Question>([
  ['/console/api/simulate', simulate],
  ['/console/api/who-can', whoMay],
  ['/console/api/check-policy', async (given, { house }) => checkPolicy(given, actionsOf(house.products))],
])

/** Refuses a question over the account's rate; it counts as a call of RAM. */
export async function admitted({ accountId }: PersonCaller, { request, now }: Where, house: House): Promise<void> {
  const rates = house.settings.accounts.get(accountId)?.rates ?? house.settings.rates
  const whose = { account: accountId, region: request.regions[0] ?? '' }
  const admission = await house.rateLimiter.admit(rates, whose, { product: RAM, name: 'Simulate' }, now)
  if (admission !== 'admitted') throw RAM.throttled()
}
