// The product versions that every port serves. The parameter Version selects one.
import { actionTrailOperations, formerActionTrailOperations } from '../actiontrail/operations.ts'
import { ACTIONTRAIL, IMS, KMS, KMS_VERSION, type Product, RAM, STS } from '../api/product.ts'
import { imsOperations } from '../ims/operations.ts'
import { INSTANCE_OPERATIONS } from '../kms/instance-operations.ts'
import { kmsOperations } from '../kms/operations.ts'
import { ramOperations } from '../ram/operations.ts'
import { stsOperations } from '../sts/operations.ts'
import type { CallOperation, ProductVersion } from './house.ts'

function api(
  product: Product,
  version: string,
  operations: readonly CallOperation[],
  others: ReadonlyMap<string, string> = new Map(),
): ProductVersion {
  return { product, version, operations: new Map(operations.map((operation) => [operation.name, operation])), others }
}

export const products: readonly ProductVersion[] = [
  api(KMS, KMS_VERSION, kmsOperations, INSTANCE_OPERATIONS),
  api(RAM, '2015-05-01', ramOperations),
  api(IMS, '2019-08-15', imsOperations),
  api(STS, '2015-04-01', stsOperations),
  api(ACTIONTRAIL, '2020-07-06', actionTrailOperations),
  api(ACTIONTRAIL, '2017-12-04', formerActionTrailOperations),
  api(ACTIONTRAIL, '2015-09-28', formerActionTrailOperations),
]
