// Where a trail delivers: the parameters of CreateTrail and UpdateTrail in every version of the API.
import type { Change } from '../../ledger/record.ts'
import type { ActionTrailContext } from '../operation.ts'
import { bucketName, flag, keyPrefix, maxComputeProjectArn, roleArn, roleName, slsProjectArn } from './parameters.ts'
import { claimBucket, releasedBucket } from './rules.ts'
import type { EventRw, TrailBody } from './trail.ts'

const SERVICE_ROLE = 'aliyunserviceroleforactiontrail'

export const destination = {
  OssBucketName: bucketName,
  OssKeyPrefix: keyPrefix,
  SlsProjectArn: slsProjectArn,
  SlsWriteRoleArn: roleArn,
}
export const currentDestination = {
  OssWriteRoleArn: roleArn,
  MaxComputeProjectArn: maxComputeProjectArn,
  MaxComputeWriteRoleArn: roleArn,
}
export const formerDestination = { RoleName: roleName, StartLogging: flag }

const shown = ['Name', 'TrailRegion', 'EventRW', 'OssBucketName', 'OssKeyPrefix', 'SlsProjectArn'] as const
const replied = ['Name', 'HomeRegion', ...shown.slice(1)] as const
const currentMembers = ['OssWriteRoleArn', 'SlsWriteRoleArn', 'MaxComputeProjectArn', 'MaxComputeWriteRoleArn'] as const
const formerMembers = ['SlsWriteRoleArn', 'RoleName'] as const

/** What events show of CreateTrail and UpdateTrail. */
export const currentTrail = { show: [...shown, ...currentMembers] as const, reply: [...replied, ...currentMembers] }
export const formerTrail = {
  show: [...shown, ...formerMembers, 'StartLogging'] as const,
  reply: [...replied, ...formerMembers],
}

export const destinationRefusals = [
  'InvalidDeliveryConfigurationException',
  'InvalidPrefixException',
  'InvalidBucketNameException',
  'RepeatOssBucket',
  'BucketDoesNotExistException',
  'InsufficientBucketPolicyException',
  'SlsProjectDoesNotExistException',
] as const

/** The trail that a call asks for. null keeps a member of the trail, and '' clears it. */
export interface Wanted {
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
}

/** The same for a call of a former version, which names the role without its account. */
export function wantedByFormer<V>(values: V, role: string | null, { scope }: ActionTrailContext) {
  const OssWriteRoleArn = role === null ? null : roleArnOf(scope.account, role)
  return { ...values, OssWriteRoleArn, MaxComputeProjectArn: null, MaxComputeWriteRoleArn: null }
}

function roleArnOf(account: string, role: string): string {
  return `acs:ram::${account}:role/${role}`
}

/**
 * The trail with the wanted destination, and the changes that claim its bucket and release the former one. Refuses a bucket that can't be
 * claimed.
 */
export async function withDestination(
  before: TrailBody,
  wanted: Wanted,
  context: ActionTrailContext,
): Promise<{ body: TrailBody; changes: readonly Change[] }> {
  const { scope, now } = context
  const bucket = wanted.OssBucketName ?? before.ossBucketName
  const moves = bucket !== before.ossBucketName
  const claim = moves && bucket !== '' ? await claimBucket(bucket, wanted.Name, context) : null
  const released = moves ? await releasedBucket(before.bucketClaim, context) : []
  const slsProjectArn = wanted.SlsProjectArn ?? before.slsProjectArn
  const maxComputeProjectArn = wanted.MaxComputeProjectArn ?? before.maxComputeProjectArn
  const serviceRole = roleArnOf(scope.account, SERVICE_ROLE)
  const body = {
    ...before,
    trailRegion: wanted.TrailRegion ?? before.trailRegion,
    eventRw: wanted.EventRW ?? before.eventRw,
    ossBucketName: bucket,
    ossKeyPrefix: wanted.OssKeyPrefix ?? before.ossKeyPrefix,
    ossWriteRoleArn: wanted.OssWriteRoleArn ?? before.ossWriteRoleArn,
    slsProjectArn,
    slsWriteRoleArn: writeRole(wanted.SlsWriteRoleArn ?? before.slsWriteRoleArn, slsProjectArn, serviceRole),
    maxComputeProjectArn,
    maxComputeWriteRoleArn: writeRole(
      wanted.MaxComputeWriteRoleArn ?? before.maxComputeWriteRoleArn,
      maxComputeProjectArn,
      serviceRole,
    ),
    bucketClaim: moves ? (claim?.id ?? '') : before.bucketClaim,
    updatedAt: now,
  }
  return { body, changes: [...(claim ? [claim.change] : []), ...released] }
}

/** The role that writes to a target: the named one, or the service's own. Without a target there is no service role. */
function writeRole(named: string, target: string, serviceRole: string): string {
  if (target !== '') return named || serviceRole
  return named === serviceRole ? '' : named
}
