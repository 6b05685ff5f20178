import { refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { insert } from '../../ledger/record.ts'
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
import { trailResource, trailsOf } from '../trails/find-trail.ts'
import { eventRw, flag, newTrailName, trailRegion } from '../trails/parameters.ts'
import { type ApiVersion, trailReply } from '../trails/replies.ts'
import { checkTrailRegion, demandTarget, listStep, newChain } from '../trails/rules.ts'
import { dueFrom, newTrail, started, TRAIL, trailScope } from '../trails/trail.ts'

const MOST_IN_REGION = 5
const FORMER_ROLE = 'aliyunactiontraildefaultrole'

const shared = {
  name: 'CreateTrail',
  access: 'Write',
  refusals: [
    'InvalidTrailNameException',
    'TrailAlreadyExistsException',
    ...destinationRefusals,
    'MaximumNumberOfTrailsExceededException',
    'NotAllowCreateOrganizationTrail',
    'InvalidQueryParameter',
    'ServiceUnavailable',
  ],
  locate: async ({ Name }: { readonly Name: string }, context: ActionTrailContext) => [trailResource(Name, context)],
} as const

const parameters = {
  Name: newTrailName,
  ...destination,
  TrailRegion: optional(trailRegion, 'All'),
  EventRW: optional(eventRw, 'Write'),
}

export const CreateTrail = operation({
  ...shared,
  summary: 'Creates a trail. It delivers nothing until StartLogging.',
  parameters: {
    ...parameters,
    ...currentDestination,
    IsOrganizationTrail: flag,
  },
  trail: { ...currentTrail, show: [...currentTrail.show, 'IsOrganizationTrail'] },
  async decide(values, context) {
    if (values.IsOrganizationTrail) throw refuse('NotAllowCreateOrganizationTrail')
    return create(values, { version: 'current', start: false }, context)
  },
})

export const FormerCreateTrail = operation({
  ...shared,
  summary: 'Creates a trail. It delivers nothing until StartLogging, unless the parameter StartLogging is true.',
  parameters: { ...parameters, ...formerDestination },
  trail: formerTrail,
  decide({ RoleName, StartLogging, ...values }, context) {
    const wanted = wantedByFormer(values, RoleName ?? FORMER_ROLE, context)
    return create(wanted, { version: 'former', start: StartLogging }, context)
  },
})

async function create(
  wanted: Wanted & { readonly TrailRegion: string },
  { version, start }: { readonly version: ApiVersion; readonly start: boolean },
  context: ActionTrailContext,
) {
  const { scope, now, ledger } = context
  const { Name } = wanted
  checkTrailRegion(wanted.TrailRegion, context)
  const step = await listStep(context)
  const trails = await trailsOf(ledger, scope.account)
  if (trails.some(({ id }) => id === Name)) throw refuse('TrailAlreadyExistsException')
  if (trails.filter(({ body }) => body.homeRegion === scope.region).length >= MOST_IN_REGION)
    throw refuse('MaximumNumberOfTrailsExceededException')
  const { body: fresh, changes } = await withDestination(newTrail(scope.region, newChain(context)), wanted, context)
  if (start) demandTarget(fresh)
  const body = start ? started(fresh, await ledger.heads(), now) : fresh
  const place = trailScope(scope.account)
  const trail = insert(TRAIL, { ...place, id: Name, createdAt: now, dueAt: dueFrom(body, now), body })
  return { reply: trailReply(trail.after, version), changes: [trail, step, ...changes] }
}
