// Reads trails, always from the database: other servers deliver them, and thereby change them, at the same time.
import { formatArn } from '../../api/arn.ts'
import { refuse } from '../../api/errors.ts'
import type { Resource } from '../../api/operation.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { ActionTrailContext } from '../operation.ts'
import { TRAIL, type Trail, trailScope } from './trail.ts'

/** More than 5 trails in each region of the cloud. */
const MOST_TRAILS = 1000

/** All trails of an account, by name. */
export function trailsOf(ledger: Pick<Ledger, 'between'>, account: string): Promise<readonly Trail[]> {
  return ledger.between(TRAIL, trailScope(account), { after: '', before: '~', limit: MOST_TRAILS })
}

/** The trail of this name whose home region is the call's region. Refuses all other trails with TrailNotFoundException. */
export async function trailAtHome(name: string, { ledger, scope }: ActionTrailContext): Promise<Trail> {
  const trail = (await trailsOf(ledger, scope.account)).find(({ id }) => id === name)
  if (trail?.body.homeRegion !== scope.region) throw refuse('TrailNotFoundException')
  return trail
}

export function trailArn(name: string, scope: { account: string; region: string }): string {
  return formatArn({ service: 'actiontrail', ...scope, resource: `trail/${name}` })
}

/** The trail that a call names, as policies and events see it. */
export function trailResource(name: string, { scope }: ActionTrailContext): Resource {
  return { type: 'ACS::ActionTrail::Trail', name, arn: trailArn(name, scope) }
}
