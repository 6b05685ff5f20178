// KeyMetadata, as CreateKey and DescribeKey show it (contract/kms.md 1.1), and KeyVersion (1.3).
import type { Reply } from '../api/operation.ts'
import { isoSeconds } from '../api/time.ts'
import { keyArn } from './key-name.ts'
import { materialExpired } from './key-state.ts'
import type { KmsContext } from './operation.ts'
import type { CmkBody, Version } from './records.ts'
import { automaticRotation, nextRotationAt } from './rotation.ts'

/** `body` is the key as it is at the moment of the call. */
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
    Creator: context.scope.account,
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

/** A KeyVersion, as lists and descriptions show it (contract/kms.md 1.3). */
export function keyVersionAnswer({ id, createdAt, body }: Version): Reply {
  return { KeyId: body.keyId, KeyVersionId: id, CreationDate: isoSeconds(createdAt) }
}
