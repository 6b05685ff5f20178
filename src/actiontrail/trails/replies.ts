// Trails in the replies of operations. In the current version, a trail's own members without a value are ''; all other members without a
// value are left out.
import type { Reply, ReplyValue } from '../../api/operation.ts'
import { isoSeconds } from '../../api/time.ts'
import { trailArn } from './find-trail.ts'
import type { Trail } from './trail.ts'

/** The API version of the call: 2020-07-06 is the current one, those before it are former. */
export type ApiVersion = 'current' | 'former'

/** A copy of the object without members that are null or ''. */
export function filled(members: Readonly<Record<string, ReplyValue | null>>): Reply {
  const some = Object.entries(members).filter(([, value]) => value !== null && value !== '')
  return Object.fromEntries(some) as Reply
}

/** The name of the role in an ARN. */
function roleNameOf(arn: string): string {
  return arn.replace(/^.*:role\//, '')
}

/** The reply of CreateTrail and UpdateTrail. */
export function trailReply({ id, body }: Trail, version: ApiVersion): Reply {
  const { ossWriteRoleArn, slsProjectArn, slsWriteRoleArn, maxComputeProjectArn, maxComputeWriteRoleArn } = body
  const shared = {
    Name: id,
    HomeRegion: body.homeRegion,
    TrailRegion: body.trailRegion,
    EventRW: body.eventRw,
    OssBucketName: body.ossBucketName,
    OssKeyPrefix: body.ossKeyPrefix,
    SlsProjectArn: slsProjectArn,
    SlsWriteRoleArn: slsWriteRoleArn,
  }
  if (version === 'former') return filled({ ...shared, RoleName: roleNameOf(ossWriteRoleArn) })
  return {
    ...shared,
    OssWriteRoleArn: ossWriteRoleArn,
    MaxComputeProjectArn: maxComputeProjectArn,
    MaxComputeWriteRoleArn: maxComputeWriteRoleArn,
  }
}

/** A trail in the list of DescribeTrails when the call is made in `region`. */
export function listedTrail(trail: Trail, region: string, version: ApiVersion): Reply {
  const { id, account, createdAt, body } = trail
  const { homeRegion, ossBucketName } = body
  return {
    ...trailReply(trail, version),
    TrailArn: trailArn(id, { account, region: homeRegion }),
    Region: homeRegion,
    Status: body.status,
    ...filled({
      OssBucketLocation: ossBucketName && `oss-${homeRegion}`,
      StartLoggingTime: timeOf(body.startedAt),
      StopLoggingTime: timeOf(body.stoppedAt),
    }),
    CreateTime: isoSeconds(createdAt),
    UpdateTime: isoSeconds(body.updatedAt),
    IsShadowTrail: region === homeRegion ? 0 : 1,
    ...(version === 'current' && { IsOrganizationTrail: false }),
  }
}

/** ISO 8601, UTC to the second. */
export function timeOf(ms: number | null): string | null {
  return ms === null ? null : isoSeconds(ms)
}
