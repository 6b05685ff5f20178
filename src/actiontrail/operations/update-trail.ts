import { optional } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { type ActionTrailContext, operation } from '../operation.ts'
import {
  currentDestination,
  currentTrail,
  destination,
  destinationRefusals,
  formerDestination,
  formerTrail,
  type Wanted,
  wantedByFormer,
  withDestination,
} from '../trails/destination.ts'
import { trailAtHome, trailResource } from '../trails/find-trail.ts'
import { eventRw, trailName, trailRegion } from '../trails/parameters.ts'
import { type ApiVersion, trailReply } from '../trails/replies.ts'
import { checkTrailRegion, demandTarget, newChain } from '../trails/rules.ts'
import { dueFrom, moved, started } from '../trails/trail.ts'

const shared = {
  name: 'UpdateTrail',
  summary:
    'Changes a trail. Parameters that are not given leave it as it is; an empty text removes a target, a prefix or a role.',
  access: 'Write',
  refusals: ['TrailNotFoundException', ...destinationRefusals, 'InvalidQueryParameter', 'ServiceUnavailable'],
  locate: async ({ Name }: { readonly Name: string }, context: ActionTrailContext) => [trailResource(Name, context)],
} as const

const parameters = {
  Name: trailName,
  ...destination,
  EventRW: optional(eventRw, null),
  TrailRegion: optional(trailRegion, null),
}

export const UpdateTrail = operation({
  ...shared,
  parameters: { ...parameters, ...currentDestination },
  trail: currentTrail,
  decide: (values, context) => change(values, { version: 'current', start: false }, context),
})

export const FormerUpdateTrail = operation({
  ...shared,
  parameters: { ...parameters, ...formerDestination },
  trail: formerTrail,
  decide({ RoleName, StartLogging, ...values }, context) {
    const wanted = wantedByFormer(values, RoleName, context)
    return change(wanted, { version: 'former', start: StartLogging }, context)
  },
})

async function change(
  wanted: Wanted,
  { version, start }: { readonly version: ApiVersion; readonly start: boolean },
  context: ActionTrailContext,
) {
  const { now, ledger } = context
  const trail = await trailAtHome(wanted.Name, context)
  if (wanted.TrailRegion !== null) checkTrailRegion(wanted.TrailRegion, context)
  const { body: after, changes } = await withDestination(trail.body, wanted, context)
  const heads = await ledger.heads()
  const placed = moved(trail.body, after, heads, newChain(context))
  const body = start ? started(placed, heads, now) : placed
  if (body.status === 'Enable') demandTarget(body)
  const updated = update(trail, { body, dueAt: dueFrom(body, now) })
  return { reply: trailReply(updated.after, version), changes: [updated, ...changes] }
}
