// KeyMetadata in the replies of CreateKey and DescribeKey, and KeyVersion in the replies about versions.
import type { Reply } from '../api/operation.ts'
import { isoSeconds } from '../api/time.ts'
import { keyArn } from './key-resource.ts'
import { materialExpired } from './key-state.ts'
import type { KmsContext } from './operation.ts'
import type { CmkBody, Version } from './records.ts'
import { automaticRotation, nextRotationAt } from './rotation.ts'

/** Returns the KeyMetadata of a key. `body` is the key at the time of the call. */
export function keyMetadata(
  { id, createdAt, body }: { id: string; createdAt: number; body: CmkBody },
  context: KmsContext,
): Reply {
  const { primaryVersionId, lastRotationAt, rotationMs, deletionProtection } = body
  const nextAt = nextRotationAt(body)
  return {
    KeyId: id,
    Arn: keyArn(id, context),
    CreationDate: isoSeconds(createdAt),
    Description: body.description,
    KeyState: body.state,
    KeyUsage: body.keyUsage,
    KeySpec: body.keySpec,
    Creator: creatorOf(body, context),
    Origin: body.origin,
    ProtectionLevel: body.protectionLevel,
    DeleteDate: body.deleteAt === null ? '' : isoSeconds(body.deleteAt),
    MaterialExpireTime:
      body.materialExpiresAt === null || materialExpired(body, context.now) ? '' : isoSeconds(body.materialExpiresAt),
    ...(primaryVersionId === null ? {} : { PrimaryKeyVersion: primaryVersionId }),
    ...(lastRotationAt === null ? {} : { LastRotationDate: isoSeconds(lastRotationAt) }),
    AutomaticRotation: automaticRotation(body),
    ...(rotationMs === undefined ? {} : { RotationInterval: `${rotationMs / 1000}s` }),
    ...(nextAt === null ? {} : { NextRotationDate: isoSeconds(nextAt) }),
    DeletionProtection: deletionProtection === undefined ? 'Disabled' : 'Enabled',
    ...(deletionProtection ? { DeletionProtectionDescription: deletionProtection } : {}),
  }
}

/** The account, or, for a service key, the code of its product with a capital, such as Ecs. */
function creatorOf({ product }: CmkBody, { scope }: KmsContext): string {
  return product === undefined ? scope.account : product.charAt(0).toUpperCase() + product.slice(1)
}

/** Returns the KeyVersion of a version. */
export function keyVersionAnswer({ id, createdAt, body }: Pick<Version, 'id' | 'createdAt' | 'body'>): Reply {
  return { KeyId: body.keyId, KeyVersionId: id, CreationDate: isoSeconds(createdAt) }
}
