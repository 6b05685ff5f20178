import { actionTrailOperations, formerActionTrailOperations } from '../../actiontrail/operations.ts'
import { ACTIONTRAIL } from '../../api/product.ts'
import { productVersion } from './product-version.ts'

export const actiontrail = productVersion(ACTIONTRAIL, '2020-07-06', actionTrailOperations)
export const formerActionTrails = [
  productVersion(ACTIONTRAIL, '2017-12-04', formerActionTrailOperations),
  productVersion(ACTIONTRAIL, '2015-09-28', formerActionTrailOperations),
]
