import { operation } from '../operation.ts'

export const DescribeRegions = operation({
  name: 'DescribeRegions',
  summary: 'Lists the regions of this server.',
  parameters: {},
  access: 'Read',
  trail: null,
  action: null,
  refusals: [],
  locate: [],
  async decide(_, { settings }) {
    const regions = settings.regions.toSorted().map((RegionId) => ({ RegionId }))
    return { reply: { Regions: { Region: regions } }, changes: [] }
  },
})
