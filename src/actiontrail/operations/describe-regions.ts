import { operation } from '../operation.ts'
import { regionName } from '../region-names.ts'
import { acceptLanguage } from '../trails/parameters.ts'

export const DescribeRegions = operation({
  name: 'DescribeRegions',
  summary: 'Lists the regions that are served.',
  parameters: { AcceptLanguage: acceptLanguage },
  access: 'Read',
  trail: { show: ['AcceptLanguage'], reply: [] },
  refusals: ['InvalidQueryParameter'],
  locate: [],
  async decide({ AcceptLanguage }, { settings }) {
    const regions = settings.regions.toSorted().map((RegionId) => ({
      RegionId,
      RegionEndpoint: `actiontrail.${RegionId}.aliyuncs.com`,
      LocalName: regionName(RegionId, AcceptLanguage),
    }))
    return { reply: { Regions: { Region: regions } }, changes: [] }
  },
})
