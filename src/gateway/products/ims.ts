import { IMS } from '../../api/product.ts'
import { imsOperations } from '../../ims/operations.ts'
import { productVersion } from './product-version.ts'

export const ims = productVersion(IMS, '2019-08-15', imsOperations)
