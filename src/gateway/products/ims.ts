import { IMS } from '../../api/product.ts'
import { imsOperations } from '../../ims/operations.ts'
import { api } from './api.ts'

export const ims = api(IMS, '2019-08-15', imsOperations)
