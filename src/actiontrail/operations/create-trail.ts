import { refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { insert } from '../../ledger/record.ts'
import { type ActionTrailContext, operation } from '../operation.ts'
import { trailResource, trailsOf } from '../trails/find-trail.ts'
import {
  bucketName,
  eventRw,
  flag,
  keyPrefix,
  maxComputeProjectArn,
  newTrailName,
  roleArn,
  roleName,
  slsProjectArn,
  trailRegion,
} from '../trails/parameters.ts'
import { type ApiVersion, trailAnswer } from '../trails/replies.ts'
import { checkTrailRegion, claimBucket, defaultRoleArn, listStep, newChain } from '../trails/rules.ts'
import { dueFrom, type EventRw, newDelivery, started, TRAIL, type TrailBody, trailScope } from '../trails/trail.ts'

const MOST_IN_REGION = 5
const FORMER_ROLE = 'aliyunactiontraildefaultrole'

const shared = {
  name: 'CreateTrail',
  source: 'contract/actiontrail.md 5',
  access: 'Write',
  refusals: [
    'InvalidTrailNameException',
    'TrailAlreadyExistsException',
    'InvalidDeliveryConfigurationException',
    'InvalidPrefixException',
    'InvalidBucketNameException',
    'RepeatOssBucket',
    'BucketDoesNotExistException',
    'InsufficientBucketPolicyException',
    'SlsProjectDoesNotExistException',
    'MaximumNumberOfTrailsExceededException',
    'NotAllowCreateOrganizationTrail',
    'InvalidQueryParameter',
    'ServiceUnavailable',
  ],
  locate: async ({ Name }: { readonly Name: string }, context: ActionTrailContext) => [trailResource(Name, context)],
} as const

const target = {
  Name: newTrailName,
  OssBucketName: bucketName,
  OssKeyPrefix: keyPrefix,
  SlsProjectArn: slsProjectArn,
  SlsWriteRoleArn: roleArn,
  TrailRegion: optional(trailRegion, 'All'),
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

export const CreateTrail = operation({
  ...shared,
  summary: 'Makes a trail, which delivers nothing until StartLogging.',
  parameters: {
    ...target,
    EventRW: optional(eventRw, 'All'),
    OssWriteRoleArn: roleArn,
    MaxComputeProjectArn: maxComputeProjectArn,
    MaxComputeWriteRoleArn: roleArn,
    IsOrganizationTrail: flag,
  },
  trail: {
    show: [
      ...answered.filter((name) => name !== 'HomeRegion'),
      'OssWriteRoleArn',
      'SlsWriteRoleArn',
      'MaxComputeProjectArn',
      'MaxComputeWriteRoleArn',
      'IsOrganizationTrail',
    ],
    reply: [...answered, 'OssWriteRoleArn', 'SlsWriteRoleArn', 'MaxComputeProjectArn', 'MaxComputeWriteRoleArn'],
  },
  async decide(values, context) {
    if (values.IsOrganizationTrail) throw refuse('NotAllowCreateOrganizationTrail')
    return create({ ...values, start: false }, 'current', context)
  },
})

export const FormerCreateTrail = operation({
  ...shared,
  summary: 'Makes a trail, which delivers nothing until StartLogging unless StartLogging says so.',
  parameters: { ...target, EventRW: optional(eventRw, 'Write'), RoleName: roleName, StartLogging: flag },
  trail: {
    show: [...answered.filter((name) => name !== 'HomeRegion'), 'SlsWriteRoleArn', 'RoleName', 'StartLogging'],
    reply: [...answered, 'SlsWriteRoleArn', 'RoleName'],
  },
  async decide({ RoleName, StartLogging, ...values }, context) {
    const OssWriteRoleArn = defaultRoleArn(context.scope.account, RoleName ?? FORMER_ROLE)
    const none = { MaxComputeProjectArn: null, MaxComputeWriteRoleArn: null }
    return create({ ...values, ...none, OssWriteRoleArn, start: StartLogging }, 'former', context)
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
  readonly EventRW: EventRw
  readonly TrailRegion: string
  readonly start: boolean
}

async function create(wanted: Wanted, version: ApiVersion, context: ActionTrailContext) {
  const { scope, now, ledger } = context
  const { Name, OssBucketName, SlsProjectArn, MaxComputeProjectArn } = wanted
  if (!OssBucketName && !SlsProjectArn && !MaxComputeProjectArn) throw refuse('InvalidDeliveryConfigurationException')
  checkTrailRegion(wanted.TrailRegion, context)
  const step = await listStep(context)
  const trails = await trailsOf(ledger, scope.account)
  if (trails.some(({ id }) => id === Name)) throw refuse('TrailAlreadyExistsException')
  if (trails.filter(({ body }) => body.homeRegion === scope.region).length >= MOST_IN_REGION)
    throw refuse('MaximumNumberOfTrailsExceededException')
  const claim = OssBucketName === null ? null : await claimBucket(OssBucketName, Name, context)
  const role = defaultRoleArn(scope.account)
  const fresh: TrailBody = {
    homeRegion: scope.region,
    trailRegion: wanted.TrailRegion,
    eventRw: wanted.EventRW,
    ossBucketName: OssBucketName ?? '',
    ossKeyPrefix: wanted.OssKeyPrefix ?? '',
    ossWriteRoleArn: wanted.OssWriteRoleArn ?? (OssBucketName ? role : ''),
    slsProjectArn: SlsProjectArn ?? '',
    slsWriteRoleArn: wanted.SlsWriteRoleArn ?? (SlsProjectArn ? role : ''),
    maxComputeProjectArn: MaxComputeProjectArn ?? '',
    maxComputeWriteRoleArn: wanted.MaxComputeWriteRoleArn ?? (MaxComputeProjectArn ? role : ''),
    bucketClaim: claim?.id ?? '',
    status: 'Fresh',
    updatedAt: now,
    startedAt: null,
    stoppedAt: null,
    intervals: [],
    delivery: newDelivery(newChain(context)),
  }
  const body = wanted.start ? started(fresh, (await ledger.head()).seq, now) : fresh
  const place = trailScope(scope.account)
  const trail = insert(TRAIL, { ...place, id: Name, createdAt: now, dueAt: dueFrom(body, now), body })
  return { reply: trailAnswer(trail.after, version), changes: [trail, step, ...(claim ? [claim.change] : [])] }
}
