import { STS } from '../../api/product.ts'
import { stsOperations } from '../../sts/operations.ts'
import { productVersion } from './product-version.ts'

export const sts = productVersion(STS, '2015-04-01', stsOperations)
