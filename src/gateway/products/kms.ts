import { KMS, KMS_VERSION } from '../../api/product.ts'
import { INSTANCE_OPERATIONS } from '../../kms/instance-operations.ts'
import { kmsOperations } from '../../kms/operations.ts'
import { api } from './api.ts'

export const kms = api(KMS, KMS_VERSION, kmsOperations, INSTANCE_OPERATIONS)
