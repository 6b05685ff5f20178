import { refuse } from '../../api/errors.ts'
import type { Reply } from '../../api/operation.ts'
import { lagSeconds } from '../delivery/batch.ts'
import { type ActionTrailContext, operation } from '../operation.ts'
import { trailAtHome, trailResource } from '../trails/find-trail.ts'
import { flag, trailName } from '../trails/parameters.ts'
import { filled, timeOf } from '../trails/replies.ts'
import type { Trail } from '../trails/trail.ts'

const shared = {
  name: 'GetTrailStatus',
  summary: 'Returns whether a trail logs, and the state of its delivery.',
  access: 'Read',
  refusals: ['TrailNotFoundException', 'InvalidQueryParameter'],
  locate: async ({ Name }: { readonly Name: string }, context: ActionTrailContext) => [trailResource(Name, context)],
} as const

export const GetTrailStatus = operation({
  ...shared,
  parameters: { Name: trailName, IsOrganizationTrail: flag },
  trail: { show: ['Name', 'IsOrganizationTrail'], reply: [] },
  async decide({ Name, IsOrganizationTrail }, context) {
    // Strongroom has no organizations, so no trail belongs to one.
    if (IsOrganizationTrail) throw refuse('TrailNotFoundException')
    const trail = await trailAtHome(Name, context)
    const { ossBucketName, slsProjectArn, delivery } = trail.body
    const { ledger, now } = context
    const reply = {
      ...status(trail),
      ...(ossBucketName !== '' && {
        OssBucketStatus: delivery.bucketOk,
        DeliveryLagSeconds: await lagSeconds(trail, ledger, await ledger.heads(), now),
        DigestChain: delivery.chain,
        LatestDigestNumber: delivery.digest?.number ?? 0,
      }),
      ...(slsProjectArn !== '' && { SlsLogStoreStatus: false }),
    }
    return { reply, changes: [] }
  },
})

export const FormerGetTrailStatus = operation({
  ...shared,
  parameters: { Name: trailName },
  trail: { show: ['Name'], reply: [] },
  async decide({ Name }, context) {
    return { reply: status(await trailAtHome(Name, context)), changes: [] }
  },
})

function status({ body }: Trail): Reply {
  return {
    IsLogging: body.status === 'Enable',
    ...filled({
      StartLoggingTime: timeOf(body.startedAt),
      StopLoggingTime: timeOf(body.stoppedAt),
      LatestDeliveryTime: timeOf(body.delivery.deliveredAt),
      LatestDeliveryError: body.delivery.error,
    }),
  }
}
