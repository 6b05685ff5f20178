import { operation } from '../operation.ts'

export const GetGlobalEventsStorageRegion = operation({
  name: 'GetGlobalEventsStorageRegion',
  summary: 'Returns the region that keeps the events of global services.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  locate: [],
  async decide(_, { settings }) {
    return { reply: { StorageRegion: settings.regions[0] ?? '' }, changes: [] }
  },
})
