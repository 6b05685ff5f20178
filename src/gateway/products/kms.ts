import { KMS, KMS_VERSION } from '../../api/product.ts'
import { INSTANCE_OPERATIONS } from '../../kms/instance-operations.ts'
import { kmsOperations } from '../../kms/operations.ts'
import { productVersion } from './product-version.ts'

export const kms = productVersion(KMS, KMS_VERSION, kmsOperations, INSTANCE_OPERATIONS)
