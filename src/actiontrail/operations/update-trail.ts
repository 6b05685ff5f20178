import { optional } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { type ActionTrailContext, operation } from '../operation.ts'
import { trailAtHome, trailResource } from '../trails/find-trail.ts'
import {
  bucketName,
  eventRw,
  flag,
  keyPrefix,
  maxComputeProjectArn,
  roleArn,
  roleName,
  slsProjectArn,
  trailName,
  trailRegion,
} from '../trails/parameters.ts'
import { type ApiVersion, trailAnswer } from '../trails/replies.ts'
import { checkTrailRegion, claimBucket, defaultRoleArn, newChain, releasedBucket } from '../trails/rules.ts'
import { dueFrom, type EventRw, moved, started, type TrailBody } from '../trails/trail.ts'

const shared = {
  name: 'UpdateTrail',
  source: 'contract/actiontrail.md 5',
  access: 'Write',
  refusals: [
    'TrailNotFoundException',
    'InvalidPrefixException',
    'InvalidBucketNameException',
    'RepeatOssBucket',
    'BucketDoesNotExistException',
    'InsufficientBucketPolicyException',
    'SlsProjectDoesNotExistException',
    'InvalidQueryParameter',
    'ServiceUnavailable',
  ],
  locate: async ({ Name }: { readonly Name: string }, context: ActionTrailContext) => [trailResource(Name, context)],
} as const

const changeable = {
  Name: trailName,
  OssBucketName: bucketName,
  OssKeyPrefix: keyPrefix,
  SlsProjectArn: slsProjectArn,
  SlsWriteRoleArn: roleArn,
  EventRW: optional(eventRw, null),
  TrailRegion: optional(trailRegion, null),
}

const answered = [
  'Name',
  'HomeRegion',
  'TrailRegion',
  'EventRW',
  'OssBucketName',
  'OssKeyPrefix',
  'SlsProjectArn',
] as const

export const UpdateTrail = operation({
  ...shared,
  summary: 'Changes a trail; what is not given stays as it is.',
  parameters: {
    ...changeable,
    OssWriteRoleArn: roleArn,
    MaxComputeProjectArn: maxComputeProjectArn,
    MaxComputeWriteRoleArn: roleArn,
  },
  trail: {
    show: [
      ...answered.filter((name) => name !== 'HomeRegion'),
      'OssWriteRoleArn',
      'SlsWriteRoleArn',
      'MaxComputeProjectArn',
      'MaxComputeWriteRoleArn',
    ],
    reply: [...answered, 'OssWriteRoleArn', 'SlsWriteRoleArn', 'MaxComputeProjectArn', 'MaxComputeWriteRoleArn'],
  },
  decide: (values, context) => change({ ...values, start: false }, 'current', context),
})

export const FormerUpdateTrail = operation({
  ...shared,
  summary: 'Changes a trail; what is not given stays as it is.',
  parameters: { ...changeable, RoleName: roleName, StartLogging: flag },
  trail: {
    show: [...answered.filter((name) => name !== 'HomeRegion'), 'SlsWriteRoleArn', 'RoleName', 'StartLogging'],
    reply: [...answered, 'SlsWriteRoleArn', 'RoleName'],
  },
  decide({ RoleName, StartLogging, ...values }, context) {
    const OssWriteRoleArn = RoleName === null ? null : defaultRoleArn(context.scope.account, RoleName)
    const none = { MaxComputeProjectArn: null, MaxComputeWriteRoleArn: null }
    return change({ ...values, ...none, OssWriteRoleArn, start: StartLogging }, 'former', context)
  },
})

interface Wanted {
  readonly Name: string
  readonly OssBucketName: string | null
  readonly OssKeyPrefix: string | null
  readonly OssWriteRoleArn: string | null
  readonly SlsProjectArn: string | null
  readonly SlsWriteRoleArn: string | null
  readonly MaxComputeProjectArn: string | null
  readonly MaxComputeWriteRoleArn: string | null
  readonly EventRW: EventRw | null
  readonly TrailRegion: string | null
  readonly start: boolean
}

async function change(wanted: Wanted, version: ApiVersion, context: ActionTrailContext) {
  const { now, ledger, scope } = context
  const trail = await trailAtHome(wanted.Name, context)
  const before = trail.body
  if (wanted.TrailRegion !== null) checkTrailRegion(wanted.TrailRegion, context)
  const bucket = wanted.OssBucketName ?? before.ossBucketName
  const claim = bucket === before.ossBucketName ? null : await claimBucket(bucket, wanted.Name, context)
  const released = claim ? await releasedBucket(before.bucketClaim, context) : []
  const { seq } = await ledger.head()
  const role = defaultRoleArn(scope.account)
  const roleFor = (target: string | null, given: string | null, kept: string) => given ?? (kept || (target ? role : ''))
  const after: TrailBody = {
    ...before,
    trailRegion: wanted.TrailRegion ?? before.trailRegion,
    eventRw: wanted.EventRW ?? before.eventRw,
    ossBucketName: bucket,
    ossKeyPrefix: wanted.OssKeyPrefix ?? before.ossKeyPrefix,
    ossWriteRoleArn: roleFor(wanted.OssBucketName, wanted.OssWriteRoleArn, before.ossWriteRoleArn),
    slsProjectArn: wanted.SlsProjectArn ?? before.slsProjectArn,
    slsWriteRoleArn: roleFor(wanted.SlsProjectArn, wanted.SlsWriteRoleArn, before.slsWriteRoleArn),
    maxComputeProjectArn: wanted.MaxComputeProjectArn ?? before.maxComputeProjectArn,
    maxComputeWriteRoleArn: roleFor(
      wanted.MaxComputeProjectArn,
      wanted.MaxComputeWriteRoleArn,
      before.maxComputeWriteRoleArn,
    ),
    bucketClaim: claim?.id ?? before.bucketClaim,
    updatedAt: now,
  }
  const placed = moved(before, after, seq, newChain(context))
  const body = wanted.start ? started(placed, seq, now) : placed
  const updated = update(trail, { body, dueAt: dueFrom(body, now) })
  return {
    reply: trailAnswer(updated.after, version),
    changes: [updated, ...(claim ? [claim.change] : []), ...released],
  }
}
