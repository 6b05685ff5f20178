// The key service's operations. Registering one is one line here.
import type { KmsOperation } from './operation.ts'
import { CancelKeyDeletion } from './operations/cancel-key-deletion.ts'
import { CreateAlias } from './operations/create-alias.ts'
import { CreateKey } from './operations/create-key.ts'
import { Decrypt } from './operations/decrypt.ts'
import { DeleteAlias } from './operations/delete-alias.ts'
import { DeleteKeyMaterial } from './operations/delete-key-material.ts'
import { DescribeKey } from './operations/describe-key.ts'
import { DescribeRegions } from './operations/describe-regions.ts'
import { DisableKey } from './operations/disable-key.ts'
import { EnableKey } from './operations/enable-key.ts'
import { Encrypt } from './operations/encrypt.ts'
import { GenerateDataKey } from './operations/generate-data-key.ts'
import { GetParametersForImport } from './operations/get-parameters-for-import.ts'
import { ImportKeyMaterial } from './operations/import-key-material.ts'
import { ListAliases } from './operations/list-aliases.ts'
import { ListAliasesByKeyId } from './operations/list-aliases-by-key-id.ts'
import { ListKeys } from './operations/list-keys.ts'
import { ListResourceTags } from './operations/list-resource-tags.ts'
import { ScheduleKeyDeletion } from './operations/schedule-key-deletion.ts'
import { TagResource } from './operations/tag-resource.ts'
import { UntagResource } from './operations/untag-resource.ts'
import { UpdateAlias } from './operations/update-alias.ts'

export const kmsOperations: readonly KmsOperation[] = [
  CancelKeyDeletion,
  CreateAlias,
  CreateKey,
  Decrypt,
  DeleteAlias,
  DeleteKeyMaterial,
  DescribeKey,
  DescribeRegions,
  DisableKey,
  EnableKey,
  Encrypt,
  GenerateDataKey,
  GetParametersForImport,
  ImportKeyMaterial,
  ListAliases,
  ListAliasesByKeyId,
  ListKeys,
  ListResourceTags,
  ScheduleKeyDeletion,
  TagResource,
  UntagResource,
  UpdateAlias,
]
