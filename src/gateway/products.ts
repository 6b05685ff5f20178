// The products that one port serves, told apart by their Version (contract/wire.md section 1).
import { actionTrailOperations, formerActionTrailOperations } from '../actiontrail/operations.ts'
import { kmsOperations } from '../kms/operations.ts'
import { ramOperations } from '../ram/operations.ts'
import { stsOperations } from '../sts/operations.ts'
import type { CallOperation, Product } from './call.ts'

function product(name: string, version: string, operations: readonly CallOperation[]): Product {
  return { name, version, operations: new Map(operations.map((one) => [one.name, one])) }
}

export const products: readonly Product[] = [
  product('Kms', '2016-01-20', kmsOperations),
  product('Ram', '2015-05-01', ramOperations),
  product('Sts', '2015-04-01', stsOperations),
  product('Actiontrail', '2020-07-06', actionTrailOperations),
  product('Actiontrail', '2017-12-04', formerActionTrailOperations),
  product('Actiontrail', '2015-09-28', formerActionTrailOperations),
]
