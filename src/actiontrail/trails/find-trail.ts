// Trails as operations and the delivery read them: from the database each time, since another server delivers as well.
import { formatArn } from '../../api/arn.ts'
import { refuse } from '../../api/errors.ts'
import type { Resource } from '../../api/operation.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { ActionTrailContext } from '../operation.ts'
import { TRAIL, type Trail, trailScope } from './trail.ts'

/** More than the regions of the cloud can have. */
const MOST_TRAILS = 1000

/** All trails of an account, by name. */
export function trailsOf(ledger: Pick<Ledger, 'between'>, account: string): Promise<readonly Trail[]> {
  return ledger.between(TRAIL, trailScope(account), { after: '', before: '~', limit: MOST_TRAILS })
}

/** The trail of this name whose home is the region of the call. Throws TrailNotFoundException: elsewhere it is but a shadow. */
export async function trailAtHome(name: string, { ledger, scope }: ActionTrailContext): Promise<Trail> {
  const trail = (await trailsOf(ledger, scope.account)).find(({ id }) => id === name)
  if (trail?.body.homeRegion !== scope.region) throw refuse('TrailNotFoundException')
  return trail
}

export function trailArn(name: string, scope: { account: string; region: string }): string {
  return formatArn({ service: 'actiontrail', ...scope, resource: `trail/${name}` })
}

/** The trail that a call names, for policies and events. */
export function trailResource(name: string, { scope }: ActionTrailContext): Resource {
  return { type: 'ACS::ActionTrail::Trail', name, arn: trailArn(name, scope) }
}
