// KeyMetadata, as CreateKey and DescribeKey show it (contract/kms.md 1.1).
import type { Reply } from '../api/operation.ts'
import { isoSeconds } from '../api/time.ts'
import { keyArn } from './key-name.ts'
import { materialExpired } from './key-state.ts'
import type { KmsContext } from './operation.ts'
import type { CmkBody } from './records.ts'

/** `body` is the key as it is at the moment of the call. */
export function keyMetadata(
  { id, createdAt, body }: { id: string; createdAt: number; body: CmkBody },
  context: KmsContext,
): Reply {
  const { primaryVersionId, lastRotationAt } = body
  return {
    KeyId: id,
    Arn: keyArn(id, context),
    CreationDate: isoSeconds(createdAt),
    Description: body.description,
    KeyState: body.state,
    KeyUsage: body.keyUsage,
    KeySpec: body.keySpec,
    Creator: context.scope.account,
    Origin: body.origin,
    ProtectionLevel: body.protectionLevel,
    DeleteDate: body.deleteAt === null ? '' : isoSeconds(body.deleteAt),
    MaterialExpireTime:
      body.materialExpiresAt === null || materialExpired(body, context.now) ? '' : isoSeconds(body.materialExpiresAt),
    ...(primaryVersionId === null ? {} : { PrimaryKeyVersion: primaryVersionId }),
    ...(lastRotationAt === null ? {} : { LastRotationDate: isoSeconds(lastRotationAt) }),
    AutomaticRotation: 'Disabled',
    DeletionProtection: 'Disabled',
  }
}
