import { refuse } from '../../api/errors.ts'
import { update } from '../../ledger/record.ts'
import { operation } from '../operation.ts'
import { trailAtHome, trailResource } from '../trails/find-trail.ts'
import { trailName } from '../trails/parameters.ts'
import { demandTarget } from '../trails/rules.ts'
import { dueFrom, MOST_INTERVALS, started } from '../trails/trail.ts'

export const StartLogging = operation({
  name: 'StartLogging',
  summary: 'Starts the delivery of events that are recorded from now on.',
  parameters: { Name: trailName },
  access: 'Write',
  trail: { show: ['Name'], reply: ['RequestId'] },
  refusals: ['TrailNotFoundException', 'InvalidDeliveryConfigurationException', 'ServiceUnavailable'],
  async locate({ Name }, context) {
    return [trailResource(Name, context)]
  },
  async decide({ Name }, context) {
    const { ledger, now } = context
    const trail = await trailAtHome(Name, context)
    if (trail.body.status === 'Enable') return { reply: {}, changes: [] }
    demandTarget(trail.body)
    // While the bucket can't be written, each start and stop adds an interval to the trail's record.
    if (trail.body.intervals.length >= MOST_INTERVALS) throw refuse('ServiceUnavailable')
    const body = started(trail.body, await ledger.heads(), now)
    return { reply: {}, changes: [update(trail, { body, dueAt: dueFrom(body, now) })] }
  },
})
