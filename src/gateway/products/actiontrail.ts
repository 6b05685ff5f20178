import { actionTrailOperations, formerActionTrailOperations } from '../../actiontrail/operations.ts'
import { ACTIONTRAIL } from '../../api/product.ts'
import { api } from './api.ts'

export const actiontrail = api(ACTIONTRAIL, '2020-07-06', actionTrailOperations)
export const formerActionTrails = [
  api(ACTIONTRAIL, '2017-12-04', formerActionTrailOperations),
  api(ACTIONTRAIL, '2015-09-28', formerActionTrailOperations),
]
