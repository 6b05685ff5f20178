import { STS } from '../../api/product.ts'
import { stsOperations } from '../../sts/operations.ts'
import { api } from './api.ts'

export const sts = api(STS, '2015-04-01', stsOperations)
