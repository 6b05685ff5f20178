import { update } from '../../ledger/record.ts'
import { operation } from '../operation.ts'
import { trailAtHome, trailResource } from '../trails/find-trail.ts'
import { trailName } from '../trails/parameters.ts'
import { dueFrom, stopped } from '../trails/trail.ts'

export const StopLogging = operation({
  name: 'StopLogging',
  summary: 'Stops the delivery of later events; those recorded before are still delivered.',
  parameters: { Name: trailName },
  access: 'Write',
  trail: { show: ['Name'], reply: ['RequestId'] },
  refusals: ['TrailNotFoundException'],
  async locate({ Name }, context) {
    return [trailResource(Name, context)]
  },
  async decide({ Name }, context) {
    const { ledger, now } = context
    const trail = await trailAtHome(Name, context)
    if (trail.body.status === 'Disable') return { reply: {}, changes: [] }
    const body = stopped(trail.body, await ledger.heads(), now)
    return { reply: {}, changes: [update(trail, { body, dueAt: dueFrom(body, now) })] }
  },
})
