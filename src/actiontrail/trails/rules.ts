// The rules about where a trail may deliver, which hold for new and for changed trails (contract/actiontrail.md 5.1, section 7).
import { refuse } from '../../api/errors.ts'
import type { Change } from '../../ledger/record.ts'
import { INSTALLATION, insert, remove, update } from '../../ledger/record.ts'
import type { ActionTrailContext } from '../operation.ts'
import { trailsOf } from './find-trail.ts'
import { TRAIL_BUCKET, TRAIL_LIST, TRAIL_LIST_ID, trailScope } from './trail.ts'

/** Refuses regions that are not served: no event would ever come from them. */
export function checkTrailRegion(trailRegion: string, { settings }: ActionTrailContext): void {
  const unknown = trailRegion !== 'All' && trailRegion.split(',').some((region) => !settings.regions.includes(region))
  if (unknown) throw refuse('InvalidQueryParameter')
}

/**
 * Claims the bucket for the trail, once it proved writable. Of one bucket only one trail's objects can be a chain,
 * and where accounts share buckets none may write into another's: the operator's credentials would open it.
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

/** Who holds a bucket; read from the database, since it may have been given back at another server. */
async function holderOf(claim: string, { ledger }: ActionTrailContext) {
  const place = claim.replace(/trail$/, '')
  const [holder] = await ledger.between(TRAIL_BUCKET, INSTALLATION, { after: place, before: `${place}~`, limit: 1 })
  return holder ?? null
}

/** Gives a bucket back. */
export async function releasedBucket(claim: string, context: ActionTrailContext): Promise<readonly Change[]> {
  const holder = claim === '' ? null : await holderOf(claim, context)
  return holder ? [remove(TRAIL_BUCKET, holder)] : []
}

/** Commits only if no other trail of the account is made or deleted meanwhile. To be read before the trails are. */
export async function listStep({ ledger, scope, now }: ActionTrailContext): Promise<Change> {
  const place = trailScope(scope.account)
  const list = await ledger.get(TRAIL_LIST, place, TRAIL_LIST_ID)
  return list
    ? update(list, { body: {} })
    : insert(TRAIL_LIST, { ...place, id: TRAIL_LIST_ID, createdAt: now, body: {} })
}

/** Names a chain of digests. */
export function newChain(context: ActionTrailContext): string {
  return Buffer.from(context.randomBytes(8)).toString('hex')
}
