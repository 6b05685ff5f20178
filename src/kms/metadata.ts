// KeyMetadata, as CreateKey and DescribeKey show it (contract/kms.md 1.1), and the dates of answers.
import type { Reply } from '../api/operation.ts'
import { keyArn } from './key-name.ts'
import { materialExpired } from './key-state.ts'
import type { KmsContext } from './operation.ts'
import type { CmkBody } from './records.ts'

/** UTC to the second: 2016-03-25T10:42:40Z. */
export function date(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** `body` is the key as it is at the moment of the call. */
export function keyMetadata(
  { id, createdAt, body }: { id: string; createdAt: number; body: CmkBody },
  context: KmsContext,
): Reply {
  const { primaryVersionId, lastRotationAt } = body
  return {
    KeyId: id,
    Arn: keyArn(id, context),
    CreationDate: date(createdAt),
    Description: body.description,
    KeyState: body.state,
    KeyUsage: body.keyUsage,
    KeySpec: body.keySpec,
    Creator: context.scope.account,
    Origin: body.origin,
    ProtectionLevel: body.protectionLevel,
    DeleteDate: body.deleteAt === null ? '' : date(body.deleteAt),
    MaterialExpireTime:
      body.materialExpiresAt === null || materialExpired(body, context.now) ? '' : date(body.materialExpiresAt),
    ...(primaryVersionId === null ? {} : { PrimaryKeyVersion: primaryVersionId }),
    ...(lastRotationAt === null ? {} : { LastRotationDate: date(lastRotationAt) }),
    AutomaticRotation: 'Disabled',
    DeletionProtection: 'Disabled',
  }
}
