import { operation } from '../operation.ts'
import { trailAtHome, trailResource } from '../trails/find-trail.ts'
import { trailName } from '../trails/parameters.ts'

export const GetDataEventSelector = operation({
  name: 'GetDataEventSelector',
  summary: 'Returns only the RequestId, if the trail exists: Strongroom records no data events.',
  parameters: { TrailName: trailName },
  access: 'Read',
  trail: { show: ['TrailName'], reply: [] },
  refusals: ['TrailNotFoundException'],
  async locate({ TrailName }, context) {
    return [trailResource(TrailName, context)]
  },
  async decide({ TrailName }, context) {
    await trailAtHome(TrailName, context)
    return { reply: {}, changes: [] }
  },
})
