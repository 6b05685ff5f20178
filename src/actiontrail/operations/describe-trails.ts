import { type ActionTrailContext, operation } from '../operation.ts'
import { trailsOf } from '../trails/find-trail.ts'
import { flag, nameList } from '../trails/parameters.ts'
import { type ApiVersion, listedTrail } from '../trails/replies.ts'

const shared = {
  name: 'DescribeTrails',
  summary: 'Lists the trails of the region; with IncludeShadowTrails also those of other regions that cover it.',
  access: 'Read',
  refusals: ['InvalidTrailNameException', 'InvalidQueryParameter'],
  locate: async () => [],
} as const

const parameters = { NameList: nameList, IncludeShadowTrails: flag }

export const DescribeTrails = operation({
  ...shared,
  parameters: { ...parameters, IncludeOrganizationTrail: flag },
  trail: { show: ['NameList', 'IncludeShadowTrails', 'IncludeOrganizationTrail'], reply: [] },
  decide: (values, context) => list(values, 'current', context),
})

export const FormerDescribeTrails = operation({
  ...shared,
  parameters,
  trail: { show: ['NameList', 'IncludeShadowTrails'], reply: [] },
  decide: (values, context) => list(values, 'former', context),
})

interface Wanted {
  readonly NameList: readonly string[] | null
  readonly IncludeShadowTrails: boolean
}

async function list({ NameList, IncludeShadowTrails }: Wanted, version: ApiVersion, context: ActionTrailContext) {
  const { account, region } = context.scope
  const trails = (await trailsOf(context.ledger, account))
    .filter(({ id }) => NameList === null || NameList.includes(id))
    .filter(({ body }) => {
      if (body.homeRegion === region) return true
      return IncludeShadowTrails && (body.trailRegion === 'All' || body.trailRegion.split(',').includes(region))
    })
  return { reply: { TrailList: trails.map((trail) => listedTrail(trail, region, version)) }, changes: [] }
}
