import { remove } from '../../ledger/record.ts'
import { operation } from '../operation.ts'
import { trailAtHome, trailResource } from '../trails/find-trail.ts'
import { trailName } from '../trails/parameters.ts'
import { listStep, releasedBucket } from '../trails/rules.ts'
import { TRAIL } from '../trails/trail.ts'

export const DeleteTrail = operation({
  name: 'DeleteTrail',
  summary: 'Deletes a trail, even while it logs. Delivered objects stay.',
  parameters: { Name: trailName },
  access: 'Write',
  trail: { show: ['Name'], reply: ['RequestId'] },
  refusals: ['TrailNotFoundException'],
  async locate({ Name }, context) {
    return [trailResource(Name, context)]
  },
  async decide({ Name }, context) {
    const step = await listStep(context)
    const trail = await trailAtHome(Name, context)
    const released = await releasedBucket(trail.body.bucketClaim, context)
    return { reply: {}, changes: [remove(TRAIL, trail), step, ...released] }
  },
})
