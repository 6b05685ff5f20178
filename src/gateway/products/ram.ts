import { RAM } from '../../api/product.ts'
import { ramOperations } from '../../ram/operations.ts'
import { productVersion } from './product-version.ts'

export const ram = productVersion(RAM, '2015-05-01', ramOperations)
