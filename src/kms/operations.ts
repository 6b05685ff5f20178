// All operations of KMS. A new one is registered by a line here.
import type { KmsOperation } from './operation.ts'
import { AsymmetricDecrypt } from './operations/asymmetric-decrypt.ts'
import { AsymmetricEncrypt } from './operations/asymmetric-encrypt.ts'
import { AsymmetricSign } from './operations/asymmetric-sign.ts'
import { AsymmetricVerify } from './operations/asymmetric-verify.ts'
import { CancelKeyDeletion } from './operations/cancel-key-deletion.ts'
import { CreateAlias } from './operations/create-alias.ts'
import { CreateKey } from './operations/create-key.ts'
import { CreateKeyVersion } from './operations/create-key-version.ts'
import { CreateSecret } from './operations/create-secret.ts'
import { Decrypt } from './operations/decrypt.ts'
import { DeleteAlias } from './operations/delete-alias.ts'
import { DeleteKeyMaterial } from './operations/delete-key-material.ts'
import { DeleteSecret } from './operations/delete-secret.ts'
import { DescribeAccountKmsStatus } from './operations/describe-account-kms-status.ts'
import { DescribeAccountQuotas } from './operations/describe-account-quotas.ts'
import { DescribeKey } from './operations/describe-key.ts'
import { DescribeKeyVersion } from './operations/describe-key-version.ts'
import { DescribeRegions } from './operations/describe-regions.ts'
import { DescribeSecret } from './operations/describe-secret.ts'
import { DescribeService } from './operations/describe-service.ts'
import { DisableKey } from './operations/disable-key.ts'
import { EnableKey } from './operations/enable-key.ts'
import { Encrypt } from './operations/encrypt.ts'
import { ExportDataKey } from './operations/export-data-key.ts'
import { GenerateAndExportDataKey } from './operations/generate-and-export-data-key.ts'
import { GenerateDataKey } from './operations/generate-data-key.ts'
import { GenerateDataKeyWithoutPlaintext } from './operations/generate-data-key-without-plaintext.ts'
import { GetParametersForImport } from './operations/get-parameters-for-import.ts'
import { GetPublicKey } from './operations/get-public-key.ts'
import { GetRandomPassword } from './operations/get-random-password.ts'
import { GetSecretValue } from './operations/get-secret-value.ts'
import { ImportKeyMaterial } from './operations/import-key-material.ts'
import { InspectHsm } from './operations/inspect-hsm.ts'
import { ListAliases } from './operations/list-aliases.ts'
import { ListAliasesByKeyId } from './operations/list-aliases-by-key-id.ts'
import { ListDueKeys } from './operations/list-due-keys.ts'
import { ListKeyVersions } from './operations/list-key-versions.ts'
import { ListKeys } from './operations/list-keys.ts'
import { ListResourceTags } from './operations/list-resource-tags.ts'
import { ListSecretVersionIds } from './operations/list-secret-version-ids.ts'
import { ListSecrets } from './operations/list-secrets.ts'
import { ListTagResources } from './operations/list-tag-resources.ts'
import { OpenKmsService } from './operations/open-kms-service.ts'
import { PutSecretValue } from './operations/put-secret-value.ts'
import { ReEncrypt } from './operations/re-encrypt.ts'
import { RestoreSecret } from './operations/restore-secret.ts'
import { RotateSecret } from './operations/rotate-secret.ts'
import { ScheduleKeyDeletion } from './operations/schedule-key-deletion.ts'
import { SetDeletionProtection } from './operations/set-deletion-protection.ts'
import { TagResource } from './operations/tag-resource.ts'
import { TagResources } from './operations/tag-resources.ts'
import { UntagResource } from './operations/untag-resource.ts'
import { UntagResources } from './operations/untag-resources.ts'
import { UpdateAlias } from './operations/update-alias.ts'
import { UpdateKeyDescription } from './operations/update-key-description.ts'
import { UpdateRotationPolicy } from './operations/update-rotation-policy.ts'
import { UpdateSecret } from './operations/update-secret.ts'
import { UpdateSecretRotationPolicy } from './operations/update-secret-rotation-policy.ts'
import { UpdateSecretVersionStage } from './operations/update-secret-version-stage.ts'

export const kmsOperations: readonly KmsOperation[] = [
  AsymmetricVerify,
  AsymmetricSign,
  AsymmetricEncrypt,
  AsymmetricDecrypt,
  CancelKeyDeletion,
  CreateAlias,
  CreateKey,
  CreateKeyVersion,
  CreateSecret,
  Decrypt,
  DeleteAlias,
  DeleteKeyMaterial,
  DeleteSecret,
  DescribeAccountKmsStatus,
  DescribeAccountQuotas,
  DescribeKey,
  DescribeKeyVersion,
  DescribeRegions,
  DescribeSecret,
  DescribeService,
  DisableKey,
  EnableKey,
  Encrypt,
  ExportDataKey,
  GenerateAndExportDataKey,
  GenerateDataKey,
  GenerateDataKeyWithoutPlaintext,
  GetParametersForImport,
  GetRandomPassword,
  GetPublicKey,
  GetSecretValue,
  ImportKeyMaterial,
  InspectHsm,
  ListAliases,
  ListAliasesByKeyId,
  ListDueKeys,
  ListKeyVersions,
  ListKeys,
  ListResourceTags,
  ListSecretVersionIds,
  ListSecrets,
  ListTagResources,
  OpenKmsService,
  PutSecretValue,
  ReEncrypt,
  RotateSecret,
  RestoreSecret,
  ScheduleKeyDeletion,
  SetDeletionProtection,
  TagResource,
  TagResources,
  UntagResource,
  UntagResources,
  UpdateAlias,
  UpdateKeyDescription,
  UpdateRotationPolicy,
  UpdateSecretRotationPolicy,
  UpdateSecret,
  UpdateSecretVersionStage,
]
