// The rules for creating, changing and deleting trails (docs/compatibility.md, "Trails").
import { refuse } from '../../api/errors.ts'
import type { Change } from '../../ledger/record.ts'
import { INSTALLATION, insert, remove, update } from '../../ledger/record.ts'
import type { ActionTrailContext } from '../operation.ts'
import { trailsOf } from './find-trail.ts'
import { TRAIL_BUCKET, TRAIL_LIST, TRAIL_LIST_ID, type TrailBody, trailScope } from './trail.ts'

/** Refuses regions that this installation does not serve: no event can come from them. */
export function checkTrailRegion(trailRegion: string, { settings }: ActionTrailContext): void {
  const unknown = trailRegion !== 'All' && trailRegion.split(',').some((region) => !settings.regions.includes(region))
  if (unknown) throw refuse('InvalidQueryParameter')
}

/**
 * Claims the bucket for the trail, after a check that the bucket can be written. Two trails in one bucket would mix their chains of
 * digests. Where accounts share buckets, the operator's credentials can write to all of them; the claim keeps an account out of another
 * account's bucket.
 */
export async function claimBucket(bucket: string, trail: string, context: ActionTrailContext) {
  const { scope, ledger, deliveryTarget, now } = context
  const id = deliveryTarget.shared ? `${bucket}/trail` : `${scope.account}/${bucket}/trail`
  const holder = await holderOf(id, context)
  if (holder && holder.body.account !== scope.account) throw refuse('InsufficientBucketPolicyException')
  if (holder || (await trailsOf(ledger, scope.account)).some(({ body }) => body.ossBucketName === bucket))
    throw refuse('RepeatOssBucket')
  switch (await deliveryTarget.check(scope.account, bucket)) {
    case 'missing':
      throw refuse('BucketDoesNotExistException')
    case 'denied':
      throw refuse('InsufficientBucketPolicyException')
    case 'unreachable':
      throw refuse('ServiceUnavailable')
    case 'writable': {
      const body = { account: scope.account, trail }
      return { id, change: insert(TRAIL_BUCKET, { ...INSTALLATION, id, createdAt: now, body }) }
    }
  }
}

/** The trail that holds a bucket. Read from the database: another server may have released the bucket. */
async function holderOf(claim: string, { ledger }: ActionTrailContext) {
  const place = claim.replace(/trail$/, '')
  const [holder] = await ledger.between(TRAIL_BUCKET, INSTALLATION, { after: place, before: `${place}~`, limit: 1 })
  return holder ?? null
}

/** Refuses a trail that logs and has no target. */
export function demandTarget({ ossBucketName, slsProjectArn, maxComputeProjectArn }: TrailBody): void {
  if (ossBucketName === '' && slsProjectArn === '' && maxComputeProjectArn === '')
    throw refuse('InvalidDeliveryConfigurationException')
}

/** The change that releases a bucket; none without a claim. */
export async function releasedBucket(claim: string, context: ActionTrailContext): Promise<readonly Change[]> {
  const holder = claim === '' ? null : await holderOf(claim, context)
  return holder ? [remove(TRAIL_BUCKET, holder)] : []
}

/**
 * A change that makes the commit fail when another call creates or deletes a trail of the account meanwhile. Call it before reading the
 * trails.
 */
export async function listStep({ ledger, scope, now }: ActionTrailContext): Promise<Change> {
  const place = trailScope(scope.account)
  const list = await ledger.get(TRAIL_LIST, place, TRAIL_LIST_ID)
  return list
    ? update(list, { body: {} })
    : insert(TRAIL_LIST, { ...place, id: TRAIL_LIST_ID, createdAt: now, body: {} })
}

/** A name for a new chain of digests. */
export function newChain(context: ActionTrailContext): string {
  return Buffer.from(context.randomBytes(8)).toString('hex')
}
